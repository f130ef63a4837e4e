locals {
  settings = { env = { SCORE = "0.98" }, keep_failed = false }
}

import {
  to = mlops_deployment.iris
  id = local.name
}
