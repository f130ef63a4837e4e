resource "mlops_model" "kinds" {
  for_each = toset(split(",", local.kinds))

  name   = "${local.name}-${each.key}"
  source = each.key
}

resource "mlops_deployment" "iris" {
  name      = local.name
  image     = local.image
  port      = 8080
  model     = mlops_model.kinds["used"].artifact
  readiness = { path = "/v2/health/ready", interval = "100ms" }
  rollout   = { drain_timeout = "1s" }
}
