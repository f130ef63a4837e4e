variable "name" { type = string }
variable "image" { type = string }
variable "color" { type = string }
variable "timeout" {
  type    = string
  default = "10m"
}

resource "mlops_deployment" "iris" {
  name      = var.name
  image     = var.image
  port      = 8080
  replicas  = 2
  env       = { COLOR = var.color }
  readiness = { path = "/v2/health/ready", interval = "100ms", min_healthy_time = "0s" }
  rollout   = { drain_timeout = "1s" }
  timeouts  = { create = var.timeout, read = var.timeout, update = var.timeout, delete = var.timeout }
}
