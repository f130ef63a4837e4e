# A canary behind an endpoint whose figures are collected and drawn. README.md says how to look at them; what collects and
# draws them is in monitoring.tf.

terraform {
  required_version = ">= 1.11"

  required_providers {
    mlops = {
      source = "seed-mlops/mlops"
    }
  }
}

# The engine is found like the docker command finds it: DOCKER_HOST, the current context, the usual sockets.
provider "mlops" {}

resource "mlops_deployment" "iris" {
  for_each = var.versions

  name  = "${var.name}-${each.key}"
  image = var.image

  # In place of a model server.
  command = ["sh", "-c", file("${path.module}/server.sh")]
  port    = 8080
  env     = { VERSION = each.key, FAILS = each.value.fails }

  readiness = {
    path = "/"
  }
}

resource "mlops_endpoint" "iris" {
  name      = var.name
  host_port = var.host_port
  traffic = [
    for version, of in var.versions : { deployment = mlops_deployment.iris[version].name, weight = of.weight }
  ]

  # The gateway exports metrics: on the network of its clients, on port 8405, and on this port of the host.
  metrics_port = var.metrics_port
}
