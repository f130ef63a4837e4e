resource "mlops_model" "hairnet" {
  name    = "hairnet"
  source  = "${path.module}/models/hairnet.bin" # or a folder
  version = "2.3"                               # for people; the digest is what counts

  # This content and the one before it stay on the engine; older ones go once nothing uses them.
  keep_versions = 2

  # Read back in full what was uploaded, which takes as long again.
  verify = true
}

# A new content is a new artifact: both resources change in the same plan and in the same apply.
resource "mlops_deployment" "hairnet" {
  name  = "hairnet"
  image = "registry.example.com/hairnet-serve:2.3"
  port  = 8080
  model = mlops_model.hairnet.artifact # mounted read-only; MODEL_PATH says where

  readiness = {
    path = "/v2/health/ready"
  }
}

output "digest" {
  value = mlops_model.hairnet.digest
}
