import {
  to = mlops_deployment.hairnet
  id = "pyt-hairnet-detection"
}
