# A model behind TLS, for those alone who have a key. README.md says how to try it.

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

# Ephemeral values and write-only attributes: none of these is in the state or in a saved plan.
variable "private_key" {
  type        = string
  ephemeral   = true
  description = "Private key of the certificate, in PEM form."
}

variable "team_a_key" {
  type        = string
  ephemeral   = true
  description = "API key of team-a."
}

variable "certificate" {
  type        = string
  description = "Certificate of the endpoint, in PEM form, followed by those that vouch for it."
}

resource "mlops_deployment" "iris" {
  name  = "iris"
  image = "busybox:1"

  # In place of a model server.
  command = ["sh", "-c", "mkdir -p /tmp/www && echo iris > /tmp/www/index.html && exec httpd -f -p 8080 -h /tmp/www"]
  port    = 8080
}

resource "mlops_endpoint" "iris" {
  name      = "iris"
  host_port = 8443
  traffic   = [{ deployment = mlops_deployment.iris.name, weight = 1 }]

  tls = {
    certificate    = var.certificate # a new one, with its key, is taken by a reload that drops no request
    private_key_wo = var.private_key
    redirect_port  = 8080 # plain HTTP is sent to https://…:8443
  }

  auth = {
    keys = {
      team-a = {
        key_wo         = var.team_a_key
        key_wo_version = "1" # with the next one, another key counts
      }
    }
  }
}

output "url" {
  value = mlops_endpoint.iris.url
}
