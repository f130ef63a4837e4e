resource "mlops_deployment" "iris" {
  name      = local.name
  image     = local.image
  port      = 8080
  replicas  = 2
  env       = local.settings.env
  readiness = { path = "/v2/health/ready", interval = "100ms", startup_timeout = local.settings.startup_timeout }
  rollout   = { drain_timeout = "1s" }
}
