terraform {
  required_providers {
    mlops = { source = "seed-mlops/mlops" }
  }
}

variable "prefix" { type = string }
variable "image" { type = string }
variable "source_path" { type = string }
variable "verify" { type = bool }

provider "mlops" {
  network     = "${var.prefix}-net"
  probe_image = var.image
}

resource "mlops_model" "one" {
  name   = var.prefix
  source = var.source_path
  verify = var.verify
}
