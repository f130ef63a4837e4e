# A second model behind the same address: trained for longer, judged by the same gate, and deployed beside the first.
# Raise its weight, and it answers more; at 100 it answers alone, and at 0 nobody again, at once: both are there.

resource "mlops_workflow" "canary" {
  count = var.canary_weight == null ? 0 : 1
  name  = "${var.name}-canary"

  steps = [
    {
      name = "train"
      training = {
        image = var.trainer_image
        command = [
          "train", "--data", "/data/digits.csv.gz",
          "--epochs", tostring(var.canary_epochs), "--learning-rate", tostring(var.learning_rate),
        ]
        inputs     = [{ artifact = mlops_model.training_data.artifact, target = "/data" }]
        model_file = "model.json"
        resources  = { cpus = 1, memory = "256m" }
      }
    },
    {
      name = "evaluate"
      evaluation = {
        image     = var.trainer_image
        command   = ["evaluate", "--data", "/data/digits.csv.gz"]
        inputs    = [{ artifact = mlops_model.reference_data.artifact, target = "/data" }]
        gate      = { "$.accuracy" = { min = var.min_accuracy } }
        resources = { cpus = 1, memory = "256m" }
      }
    },
    {
      name = "deploy"
      deployment = {
        name      = "${var.name}-canary"
        image     = var.server_image
        port      = 8080
        replicas  = var.replicas
        readiness = { path = "/v2/health/ready", startup_timeout = "1m", min_healthy_time = "2s" }
        resources = { cpus = 0.5, memory = "128m", pids_limit = 64 }
        security  = { read_only = true, cap_drop = ["ALL"] }
      }
    },
  ]

  purge_on_destroy = true
}
