# A model that is trained, measured and deployed by one apply.
#
#   terraform apply                             trains, evaluates, deploys
#   terraform apply                             nothing: everything has its result
#   terraform apply -var learning_rate=0.01     trains, evaluates, rolls out
#   terraform apply -var least_accuracy=0.999   nothing runs again: the metrics are
#                                               judged anew, the apply fails, and
#                                               what is deployed stays
terraform {
  required_providers {
    mlops = { source = "seed-mlops/mlops" }
  }
}

variable "learning_rate" {
  type    = number
  default = 0.1
}

variable "least_accuracy" {
  type    = number
  default = 0.9
}

# The data set is uploaded like a model: another content is another input, and
# the steps that read it run again.
resource "mlops_model" "data" {
  name   = "flowers-data"
  source = "${path.module}/data"
}

resource "mlops_workflow" "flowers" {
  name = "flowers"

  steps = [
    {
      name = "train"
      training = {
        image      = "registry.example.com/flowers-train:1"
        command    = ["train", "--learning-rate=${var.learning_rate}"]
        inputs     = [{ target = "/data", artifact = mlops_model.data.artifact }]
        model_file = "flowers.model"
      }
    },
    {
      name = "evaluate"
      evaluation = {
        image   = "registry.example.com/flowers-train:1"
        command = ["evaluate"]
        inputs  = [{ target = "/data", artifact = mlops_model.data.artifact }]
        gate    = { "$.accuracy" = { min = var.least_accuracy } }
      }
    },
    {
      name = "deploy"
      deployment = {
        name      = "flowers"
        image     = "registry.example.com/flowers-serve:1"
        port      = 8080
        replicas  = 2
        readiness = { path = "/v2/health/ready" }
      }
    },
  ]
}

output "accuracy" {
  value = mlops_workflow.flowers.metrics["accuracy"]
}

output "model" {
  value = mlops_workflow.flowers.artifact.digest
}

output "steps" {
  value = { for step, result in mlops_workflow.flowers.results : step => result.status }
}
