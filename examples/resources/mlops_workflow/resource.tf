resource "mlops_workflow" "retrain" {
  name = "vest-retrain"

  steps = [
    {
      name    = "train"
      timeout = "4h"
      retries = 1

      # Follow it with: docker logs -f mlops-job.vest-retrain.train
      training = {
        image      = "registry.example.com/vest-train:1.4"
        command    = ["--epochs=20", "--learning-rate=0.001"]
        inputs     = [{ target = "/data", volume = "vest-photos" }]
        model_file = "vest.onnx" # what the container leaves in /output
        resources  = { memory = "2g", shm_size = "1g" }

        # Never in state or plan. Raise the version when the value changes.
        env_wo         = { HF_TOKEN = var.hf_token }
        env_wo_version = "1"
      }
    },
    {
      name = "evaluate"

      # Finds the model at MODEL_PATH and writes /output/metrics.json.
      # Missed, the apply fails, and what is deployed stays.
      evaluation = {
        image  = "registry.example.com/vest-train:1.4"
        env    = { TASK = "evaluate" }
        inputs = [{ target = "/data", volume = "vest-photos" }]
        gate = {
          "$.accuracy"           = { min = 0.9 }
          "$.latency_ms.average" = { max = 50 }
        }
      }
    },
    {
      name = "deploy"

      # The attributes of mlops_deployment; the model is what was trained.
      deployment = {
        detection_task = "vest_detection" # the container is called pyt-vest-detection
        image          = "registry.example.com/vest-serve:2.0"
        port           = 8080
        replicas       = 2
        readiness      = { path = "/v2/health/ready" }
      }
    },
  ]

  # A new one trains again, although no step has changed.
  triggers = {
    quarter = "2026-1"
  }
}

variable "hf_token" {
  type      = string
  ephemeral = true
  default   = "not-a-token"
}

output "metrics" {
  value = mlops_workflow.retrain.metrics
}

output "steps" {
  value = { for step, result in mlops_workflow.retrain.results : step => result.status }
}
