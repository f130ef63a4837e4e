# What is done to one container leaves all others alone: each deployment shows
# one change.
resource "mlops_deployment" "live" {
  for_each = local.deployments

  name           = "${local.name}-${each.key}"
  image          = local.image
  pull_policy    = try(each.value.pull_policy, null)
  env            = try(each.value.env, null)
  port           = try(each.value.port, 8080)
  replicas       = try(each.value.replicas, null)
  mounts         = try(each.value.mounts, null)
  labels         = try(each.value.labels, null)
  resources      = try(each.value.resources, null)
  readiness      = try(each.value.readiness, { path = "/v2/health/ready", interval = "100ms", port = 8080 })
  rollout        = try(each.value.rollout, { drain_timeout = "1s" })
  restart_policy = try(each.value.restart_policy, null)
  timeouts       = try(each.value.timeouts, null)
}
