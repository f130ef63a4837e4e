# Two versions of a model behind one address. Change the weights, or take a version out of them, and apply again: no request
# is dropped. README.md says how to look at it.

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
  for_each = var.weights

  name  = "${var.name}-${each.key}"
  image = var.image

  # In place of a model server: it answers with its version.
  command = ["sh", "-c", "mkdir -p /tmp/www && echo ${each.key} > /tmp/www/index.html && exec httpd -f -p 8080 -h /tmp/www"]
  port    = 8080

  readiness = {
    path = "/"
  }

  rollout = {
    drain_timeout = "2s" # longer than an answer takes
  }
}

# Clients know this address alone. A version that is taken out of the weights leaves its part to the others before it goes.
resource "mlops_endpoint" "iris" {
  name      = var.name
  host_port = var.host_port
  traffic = [
    for version, weight in var.weights : { deployment = mlops_deployment.iris[version].name, weight = weight }
  ]
}

output "url" {
  value = mlops_endpoint.iris.url
}
