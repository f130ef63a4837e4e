import {
  to = mlops_model.hairnet
  id = "hairnet"
}
