variable "token" {
  type      = string
  ephemeral = true
  default   = "not-a-token"
}

# Every container of a step says in a pipe that it runs: a side effect that can
# be counted, whatever the provider says.
locals {
  tally  = [{ target = "/tally", host_path = local.folder, version = "1" }]
  secret = { env_wo = { HF_TOKEN = var.token }, env_wo_version = "1" }
  output = "/output"
}

resource "mlops_workflow" "retrain" {
  name = local.name

  steps = [
    {
      name    = "train"
      timeout = try(local.settings.timeout, null)
      retries = try(local.settings.retries, null)
      backoff = try(local.settings.backoff, null)
      training = {
        image = local.busybox
        command = ["sh", "-c", join(" && ", [
          "echo train > /tally/pipe",
          try(local.settings.train, "true"),
          "echo ${local.name} $SEED > ${local.output}/model.txt",
          "echo '{\"loss\": {\"last\": 0.25}}' > ${local.output}/metrics.json",
        ])]
        env            = { SEED = try(local.settings.seed, "1") }
        env_wo         = local.secret.env_wo
        env_wo_version = local.secret.env_wo_version
        inputs         = local.tally
        model_file     = "model.txt"
      }
    },
    {
      name = "evaluate"
      evaluation = {
        image = local.busybox
        command = ["sh", "-c", join(" && ", [
          "echo evaluate > /tally/pipe",
          try(local.settings.evaluate, "true"),
          "grep -q ${local.name} $MODEL_PATH",
          "echo '{\"accuracy\": ${try(local.settings.accuracy, 0.97)}}' > ${local.output}/metrics.json",
        ])]
        inputs = local.tally
        gate   = { "$.accuracy" = { min = 0.9 } }
      }
    },
    {
      name = "deploy"
      deployment = {
        name           = "${local.name}-serve"
        image          = local.image
        port           = 8080
        env            = try(local.settings.serve, null)
        env_wo         = local.secret.env_wo
        env_wo_version = local.secret.env_wo_version
        readiness      = { path = "/v2/health/ready", interval = "100ms", startup_timeout = try(local.settings.startup_timeout, "60s") }
        rollout        = { drain_timeout = "1s" }
      }
    },
  ]

  purge_on_destroy = try(local.settings.purge, true)
}
