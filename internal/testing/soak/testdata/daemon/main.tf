variable "name" { type = string }
variable "image" { type = string }
variable "color" { type = string }

# A load of the model that leaves time for a crash in the middle of a rollout.
resource "mlops_deployment" "iris" {
  name      = var.name
  image     = var.image
  port      = 8080
  replicas  = 2
  env       = { COLOR = var.color, READY_AFTER = "500ms" }
  readiness = { path = "/v2/health/ready", interval = "100ms", min_healthy_time = "0s" }
  rollout   = { drain_timeout = "1s" }
  timeouts  = { create = "2m", read = "1m", update = "2m", delete = "1m" }
}
