resource "mlops_deployment" "iris" {
  name      = local.name
  image     = local.image
  port      = 8080
  model     = mlops_model.iris.artifact
  readiness = { path = "/v2/health/ready", interval = "100ms" }
  rollout   = { drain_timeout = "1s" }
}
