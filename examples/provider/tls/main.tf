terraform {
  required_providers {
    mlops = {
      source = "seed-mlops/mlops"
    }
  }
}

# An engine behind mutual TLS, and images from a mirror.
provider "mlops" {
  host = "tcp://gpu-2.example.com:2376"

  tls = {
    ca   = "~/.docker/gpu-2/ca.pem"
    cert = "~/.docker/gpu-2/cert.pem"
    key  = "~/.docker/gpu-2/key.pem"
  }

  probe_image = "mirror.example.com/library/busybox:1"
}
