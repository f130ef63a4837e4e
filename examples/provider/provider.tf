terraform {
  required_providers {
    mlops = {
      source = "seed-mlops/mlops"
    }
  }
}

# The engine is found like the docker command finds it: DOCKER_HOST, the current context, the usual sockets.
provider "mlops" {
  owner = "vision-team"

  default_labels = {
    team = "vision"
  }
}
