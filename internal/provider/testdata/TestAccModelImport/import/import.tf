import {
  to = mlops_model.iris
  id = local.name
}

import {
  to = mlops_model.folder
  id = "${local.name}-folder"
}
