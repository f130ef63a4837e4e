terraform {
  required_providers {
    mlops = { source = "seed-mlops/mlops" }
  }
}

variable "prefix" { type = string }
variable "image" { type = string }
variable "probe_image" { type = string }
variable "host_port" { type = number }
variable "release" {
  type    = string
  default = "0"
}

provider "mlops" {
  network     = "${var.prefix}-net"
  probe_image = var.probe_image
}

resource "mlops_deployment" "one" {
  name      = var.prefix
  image     = var.image
  port      = 8080
  ports     = [{ container_port = 8080, host_port = var.host_port }]
  env       = { VERSION = var.release }
  readiness = { path = "/v2/health/ready" }
}
