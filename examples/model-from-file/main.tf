# A model from a local file, and a deployment that serves it. Edit models/iris.json and apply again: the plan shows the new
# digest and the rollout that follows from it. README.md says how to look at both.

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

# Uploaded once. The engine may be anywhere: the file goes to it through the Docker API.
resource "mlops_model" "iris" {
  name   = var.name
  source = "${path.module}/models/iris.json"
}

resource "mlops_deployment" "iris" {
  name  = var.name
  image = var.image

  # In place of a model server: it hands out the files of the folder that the model is mounted on.
  command = ["httpd", "-f", "-p", "8080", "-h", "/models"]
  port    = 8080

  # The volume, the path in it and the digest. Mounted read-only on /models; MODEL_PATH is /models/iris.json.
  model = mlops_model.iris.artifact

  readiness = {
    path = "/iris.json"
  }
}
