terraform {
  required_providers {
    mlops = { source = "seed-mlops/mlops" }
  }
}

variable "number" { type = number }
variable "prefix" { type = string }
variable "image" { type = string }
variable "script" { type = string }

provider "mlops" {
  network     = "${var.prefix}-net"
  probe_image = var.image
}

resource "mlops_deployment" "many" {
  count   = var.number
  name    = "${var.prefix}-${count.index}"
  image   = var.image
  command = ["sh", "-c", var.script]
}
