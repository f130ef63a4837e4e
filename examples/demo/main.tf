# A classifier of handwritten digits: trained on a data set, judged by a gate, served by two replicas behind one address.
# README.md says where the images come from; `make demo` does all of it.

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

# The data set goes to the engine once for each content: a row that changes is another artifact, a file that was only
# touched is the same.
resource "mlops_model" "training_data" {
  name   = "${var.name}-training-data"
  source = var.training_data
}

# The copy of it that nobody but the evaluation may touch. As long as both are equal, they are one artifact.
resource "mlops_model" "reference_data" {
  name   = "${var.name}-reference-data"
  source = var.reference_data
}

resource "mlops_workflow" "digits" {
  name = var.name

  steps = [
    {
      name = "train"
      training = {
        image = var.trainer_image
        command = [
          "train", "--data", "/data/digits.csv.gz",
          "--epochs", tostring(var.epochs), "--learning-rate", tostring(var.learning_rate),
        ]
        inputs     = [{ artifact = mlops_model.training_data.artifact, target = "/data" }]
        model_file = "model.json" # in /output
        resources  = { cpus = 1, memory = "256m" }
      }
      timeout = "10m"
    },
    {
      # Judges the model of the step before by rows that its training has not seen.
      name = "evaluate"
      evaluation = {
        image     = var.trainer_image
        command   = ["evaluate", "--data", "/data/digits.csv.gz"]
        inputs    = [{ artifact = mlops_model.reference_data.artifact, target = "/data" }]
        gate      = { "$.accuracy" = { min = var.min_accuracy } }
        resources = { cpus = 1, memory = "256m" }
      }
      timeout = "5m"
    },
    {
      # Serves that model, if it came this far: mounted read-only, the server finds it in MODEL_PATH.
      name = "deploy"
      deployment = {
        name     = var.name
        image    = var.server_image
        port     = 8080
        replicas = var.replicas

        # A replica counts as deployed once it answers this with a status of 2xx.
        readiness = { path = "/v2/health/ready", startup_timeout = "1m", min_healthy_time = "2s" }
        resources = { cpus = 0.5, memory = "128m", pids_limit = 64 }
        security  = { read_only = true, cap_drop = ["ALL"] }
      }
    },
  ]

  # The demo leaves nothing behind. Without this line a destroy keeps what was trained, for whoever applies next.
  purge_on_destroy = true
}

# The one address that clients know. Whatever is changed above, they get an answer to every request: a new replica gets
# requests once it answers, an old one stops once it has answered all of its own.
resource "mlops_endpoint" "digits" {
  name      = var.name
  host_port = var.host_port

  # While there is a canary (canary.tf), it gets its part of a hundred requests.
  traffic = concat(
    [{ deployment = var.name, weight = 100 - coalesce(var.canary_weight, 0) }],
    [for canary in mlops_workflow.canary : { deployment = canary.name, weight = var.canary_weight }],
  )

  # Deployments are steps', so there is no resource whose name could be taken: first there must be something to route to.
  depends_on = [mlops_workflow.digits, mlops_workflow.canary]
}

data "mlops_deployment_status" "digits" {
  name = var.name

  # The name is known before the deployment is there: this makes Terraform look after it has changed, not before.
  depends_on = [mlops_workflow.digits]
}
