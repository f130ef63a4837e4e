# Two workflows that build upon one model: a base model from a local file is
# uploaded once, and fine-tuned twice. When the file changes, both train again.
terraform {
  required_providers {
    mlops = { source = "seed-mlops/mlops" }
  }
}

resource "mlops_model" "base" {
  name   = "faces-base"
  source = "${path.module}/base.onnx"
}

resource "mlops_workflow" "masks" {
  name = "faces-masks"

  steps = [
    {
      name = "fine-tune"
      training = {
        image      = "registry.example.com/faces-train:1"
        env        = { TASK = "masks" }
        inputs     = [{ target = "/base", artifact = mlops_model.base.artifact }]
        model_file = "masks.onnx"
      }
    },
  ]
}

resource "mlops_workflow" "glasses" {
  name = "faces-glasses"

  steps = [
    {
      name = "fine-tune"
      training = {
        image      = "registry.example.com/faces-train:1"
        env        = { TASK = "glasses" }
        inputs     = [{ target = "/base", artifact = mlops_model.base.artifact }]
        model_file = "glasses.onnx"
      }
    },
  ]
}

# What was trained is the model of a deployment like any other.
resource "mlops_deployment" "masks" {
  name      = "faces-masks"
  image     = "registry.example.com/faces-serve:1"
  model     = mlops_workflow.masks.artifact
  port      = 8080
  readiness = { path = "/v2/health/ready" }
}

output "models" {
  value = {
    base    = mlops_model.base.digest
    masks   = mlops_workflow.masks.artifact.digest
    glasses = mlops_workflow.glasses.artifact.digest
  }
}
