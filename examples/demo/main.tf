# Two replicas of a server for a classifier of handwritten digits. README.md says where the image and the model come
# from; `make demo` does all of it.

terraform {
  required_version = ">= 1.6"

  required_providers {
    mlops = {
      source = "seed-mlops/mlops"
    }
  }
}

# The engine is found like the docker command finds it: DOCKER_HOST, the current context, the usual sockets.
provider "mlops" {}

resource "mlops_deployment" "digits" {
  name     = var.name
  image    = var.image
  port     = 8080
  replicas = var.replicas

  # Mounted read-only; the server finds the file in its environment variable MODEL_PATH. The digest says which model it
  # is: train another one, and the next apply rolls it out, one replica after the other.
  model = {
    volume = var.model_volume
    path   = "model.json"
    digest = var.model_digest
  }

  # A replica counts as deployed once it answers this with a status of 2xx.
  readiness = {
    path             = "/v2/health/ready"
    startup_timeout  = "1m"
    min_healthy_time = "2s"
  }

  resources = {
    cpus       = 0.5
    memory     = "128m"
    pids_limit = 64
  }

  security = {
    read_only = true
    cap_drop  = ["ALL"]
  }
}

data "mlops_deployment_status" "digits" {
  name = mlops_deployment.digits.name

  # The name is known before the deployment is there: this makes Terraform look after it has changed, not before.
  depends_on = [mlops_deployment.digits]
}
