import {
  to = mlops_endpoint.hairnet
  id = "hairnet"
}
