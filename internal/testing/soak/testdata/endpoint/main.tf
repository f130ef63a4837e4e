variable "name" { type = string }
variable "host_port" { type = number }
variable "metrics_port" { type = number }
variable "traffic" { type = list(object({ deployment = string, weight = number })) }
variable "certificate" { type = string }
variable "private_key" {
  type      = string
  ephemeral = true
}
variable "api_key" {
  type      = string
  ephemeral = true
}
variable "edition" { type = string } # of the secrets
variable "interval" {                # of a shift
  type    = string
  default = null
}
variable "timeout" {
  type    = string
  default = "10m"
}

resource "mlops_endpoint" "iris" {
  name         = var.name
  host_port    = var.host_port
  metrics_port = var.metrics_port
  traffic      = var.traffic
  fallback     = var.traffic[0].deployment

  sticky          = "cookie"
  override_header = "x-model"
  shift           = var.interval == null ? null : { step = 20, interval = var.interval }

  tls          = { certificate = var.certificate, private_key_wo = var.private_key, private_key_wo_version = var.edition }
  auth         = { keys = { soak = { key_wo = var.api_key, key_wo_version = var.edition } } }
  path_prefix  = "/iris"
  strip_prefix = true
  max_body     = "1m"
  retry        = { attempts = 2 }
  access_log   = true
  resources    = { cpus = 1, memory = "192m" }
  timeouts     = { create = var.timeout, read = var.timeout, update = var.timeout, delete = var.timeout }
}
