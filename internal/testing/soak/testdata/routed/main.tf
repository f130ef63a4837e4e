variable "name" { type = string }
variable "image" { type = string }
variable "drain_timeout" { type = string }

# Each with another number of replicas; version is what they answer.
resource "mlops_deployment" "iris" {
  for_each = { v1 = 2, v2 = 1 }

  name      = "${var.name}-${each.key}"
  image     = var.image
  port      = 8080
  replicas  = each.value
  env       = { VERSION = each.key }
  readiness = { path = "/v2/health/ready", interval = "100ms", min_healthy_time = "0s" }
  rollout   = { drain_timeout = var.drain_timeout }
}
