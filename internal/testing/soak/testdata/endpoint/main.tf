variable "name" { type = string }
variable "host_port" { type = number }
variable "traffic" { type = list(object({ deployment = string, weight = number })) }
variable "timeout" {
  type    = string
  default = "10m"
}

resource "mlops_endpoint" "iris" {
  name      = var.name
  host_port = var.host_port
  traffic   = var.traffic
  timeouts  = { create = var.timeout, read = var.timeout, update = var.timeout, delete = var.timeout }
}
