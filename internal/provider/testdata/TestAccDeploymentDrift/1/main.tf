resource "mlops_deployment" "drift" {
  for_each = toset([
    "stopped", "paused", "removed", "renamed", "cpus", "memory", "policy", "detached", "rebuilt", "record",
  ])

  name      = "${local.name}-${each.key}"
  image     = each.key == "rebuilt" ? local.moving : local.image
  port      = 8080
  replicas  = 2
  resources = { cpus = 0.5, memory = "64m" }
  readiness = { path = "/v2/health/ready", interval = "100ms" }
  rollout   = { drain_timeout = "1s" }
}
