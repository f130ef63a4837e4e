resource "mlops_deployment" "drift" {
  for_each = toset([
    "stopped", "paused", "removed", "all", "renamed", "cpus", "memory", "policy", "detached", "traffic", "rebuilt", "pushed",
    "record", "unhealthy", "steady",
  ])

  name        = "${local.name}-${each.key}"
  image       = lookup({ rebuilt = local.rebuilt, pushed = local.pushed, unhealthy = local.checked }, each.key, local.image)
  pull_policy = each.key == "pushed" ? "always" : "missing"
  port        = 8080
  replicas    = 2
  resources   = { cpus = 0.5, memory = "64m" }
  readiness   = { path = "/v2/health/ready", interval = "100ms" }
  rollout     = { drain_timeout = "1s" }
  health_check = each.key != "unhealthy" ? null : {
    command = ["CMD", "/bin/busybox", "test", "!", "-e", "/broken"], interval = "300ms", retries = 1
  }
}

resource "mlops_endpoint" "drift" {
  for_each = {
    gateway = { steady = 1 }
    weights = { steady = 90, traffic = 10 }
  }

  name      = "${local.name}-${each.key}"
  host_port = each.key == "gateway" ? local.gateway_port : local.weights_port
  traffic = [
    for key, weight in each.value : { deployment = mlops_deployment.drift[key].name, weight = weight }
  ]
}
