variable "token" {
  type      = string
  ephemeral = true
}

variable "key" {
  type      = string
  ephemeral = true
}

resource "mlops_deployment" "iris" {
  name           = local.name
  image          = local.image
  port           = 8080
  env            = local.env
  env_wo         = { HF_TOKEN = var.token, TLS_KEY = var.key }
  env_wo_version = "1"
  readiness      = { path = "/v2/health/ready", interval = "100ms", startup_timeout = "60s" }
  rollout        = { drain_timeout = "1s" }
}
