variable "private_key" {
  type      = string
  ephemeral = true
}

variable "api_key" {
  type      = string
  ephemeral = true
}

variable "certificate" {
  type = string
}

resource "mlops_deployment" "model" {
  for_each = toset(["v1", "v2"])

  name      = "${local.name}-${each.key}"
  image     = local.image
  port      = 8080
  env       = { VERSION = each.key }
  readiness = { path = "/v2/health/ready", interval = "100ms" }
}

resource "mlops_endpoint" "front" {
  name       = local.name
  host_port  = tonumber(local.port)
  traffic    = [{ deployment = mlops_deployment.model[local.serves].name, weight = 1 }]
  shift      = { step = 50, interval = "1s" }
  access_log = true
  max_body   = local.max_body

  tls = {
    certificate            = var.certificate
    private_key_wo         = var.private_key
    private_key_wo_version = local.edition
    redirect_port          = local.redirect_port
  }

  auth = { keys = { team-a = { key_wo = var.api_key, key_wo_version = local.edition } } }
}
