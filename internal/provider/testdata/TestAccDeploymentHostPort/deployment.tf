resource "mlops_deployment" "iris" {
  name      = local.name
  image     = local.image
  port      = 8080
  ports     = [{ container_port = 8080, host_port = tonumber(local.host_port) }]
  env       = local.settings.env
  readiness = { path = "/v2/health/ready", interval = "100ms", startup_timeout = "10s" }
  rollout   = { drain_timeout = "1s" }
}
