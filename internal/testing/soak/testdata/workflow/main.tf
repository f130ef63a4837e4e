variable "name" { type = string }
variable "image" { type = string }
variable "busybox" { type = string }
variable "tally" { type = string }
variable "seed" { type = string }

# Every container of a step says in a pipe when it begins and when it ends.
locals {
  tally = [{ target = "/tally", host_path = var.tally, version = "1" }]
}

resource "mlops_workflow" "this" {
  name = var.name

  steps = [
    {
      name = "train"
      training = {
        image = var.busybox
        command = ["sh", "-c", join(" && ", [
          "echo train $SEED begins > /tally/pipe",
          "sleep 0.3",
          "echo ${var.name} $SEED > /output/model.txt",
          "echo '{\"loss\": 0.25}' > /output/metrics.json",
          "echo train $SEED ends > /tally/pipe",
        ])]
        env        = { SEED = var.seed }
        inputs     = local.tally
        model_file = "model.txt"
      }
    },
    {
      name = "evaluate"
      evaluation = {
        image = var.busybox
        command = ["sh", "-c", join(" && ", [
          "set -- $(cat $MODEL_PATH)",
          "echo evaluate $2 begins > /tally/pipe",
          "echo '{\"accuracy\": 0.97}' > /output/metrics.json",
          "echo evaluate $2 ends > /tally/pipe",
        ])]
        inputs = local.tally
        gate   = { "$.accuracy" = { min = 0.9 } }
      }
    },
    {
      name = "deploy"
      deployment = {
        name      = "${var.name}-serve"
        image     = var.image
        port      = 8080
        readiness = { path = "/v2/health/ready", interval = "100ms", min_healthy_time = "0s" }
        rollout   = { drain_timeout = "1s" }
      }
    },
  ]

  keep_runs        = 2
  purge_on_destroy = true
}

output "volume" { value = mlops_workflow.this.artifact.volume }
