variable "name" { type = string }
variable "image" { type = string }
variable "host_port" { type = number }
variable "endpoint" {
  type    = bool
  default = true
}

# release is what a test changes: v1 is good, whatever replaces it is bad.
variable "release" {
  type = object({
    version         = string
    image           = optional(string)
    replicas        = optional(number, 2)
    env             = optional(map(string), {})
    memory          = optional(string)
    restart_policy  = optional(string, "always")
    startup_timeout = optional(string, "30s")
    max_latency     = optional(string, "10s")
    ports           = optional(list(object({ container_port = number, host_port = number })))
  })
}

resource "mlops_deployment" "iris" {
  name           = var.name
  image          = coalesce(var.release.image, var.image)
  port           = 8080
  ports          = var.release.ports
  replicas       = var.release.replicas
  env            = merge({ VERSION = var.release.version, SCORE = "0.97" }, var.release.env)
  resources      = var.release.memory == null ? null : { memory = var.release.memory }
  restart_policy = var.release.restart_policy
  readiness      = { path = "/v2/health/ready", interval = "100ms", startup_timeout = var.release.startup_timeout, min_healthy_time = "0s" }
  rollout        = { drain_timeout = "10s" }

  validation = [{
    path        = "/v2/models/iris/infer"
    body        = jsonencode({ inputs = [5.1, 3.5, 1.4, 0.2] })
    expect_json = { "$.outputs[0].data[0]" = { equals = 0.97, tolerance = 0.02 } }
    max_latency = var.release.max_latency
  }]
}

resource "mlops_endpoint" "iris" {
  count = var.endpoint ? 1 : 0

  name      = "${var.name}-front"
  host_port = var.host_port
  traffic   = [{ deployment = mlops_deployment.iris.name, weight = 1 }]
}
