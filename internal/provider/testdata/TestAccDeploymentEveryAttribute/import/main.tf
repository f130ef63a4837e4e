import {
  to = mlops_deployment.iris
  id = local.name
}

import {
  to = mlops_deployment.idle
  id = local.idle
}

import {
  to = mlops_deployment.stopped
  id = local.stopped
}
