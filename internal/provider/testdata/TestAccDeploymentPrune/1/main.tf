resource "mlops_deployment" "iris" {
  name      = local.name
  image     = local.image
  port      = 8080
  replicas  = 2
  readiness = { path = "/v2/health/ready", interval = "100ms" }
  rollout   = { drain_timeout = "1s" }
}

# Nothing but its record says that it exists.
resource "mlops_deployment" "idle" {
  name     = "${local.name}-idle"
  image    = local.image
  replicas = 0
  timeouts = { create = "1h" }
}
