terraform {
  required_providers {
    mlops = {
      source = "seed-mlops/mlops"
    }
  }
}

variable "registry_token" {
  description = "Access token for registry.example.com."
  type        = string
  sensitive   = true
}

# A machine with GPUs, reached by ssh. Its host key must be in known_hosts.
provider "mlops" {
  host = "ssh://deploy@gpu-1.example.com"

  ssh = {
    identity_file = "~/.ssh/deploy_ed25519"
  }

  registry_auth = {
    "registry.example.com" = {
      username = "deploy"
      password = var.registry_token
    }
  }
}
