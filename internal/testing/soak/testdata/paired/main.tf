variable "name" { type = string }
variable "image" { type = string }
variable "color" { type = string }

resource "mlops_deployment" "iris" {
  name      = var.name
  image     = var.image
  port      = 8080
  replicas  = 2
  env       = { COLOR = var.color }
  readiness = { path = "/v2/health/ready", interval = "100ms", min_healthy_time = "0s" }
  rollout   = { drain_timeout = "1s" }
}
