import {
  to = mlops_deployment.iris
  id = local.name
}

locals {
  settings = { memory = "64m", pids_limit = null, restart_policy = "unless-stopped" }
}
