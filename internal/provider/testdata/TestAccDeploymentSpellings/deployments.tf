resource "mlops_deployment" "spelled" {
  for_each = local.deployments

  name        = "${local.name}-${each.key}"
  image       = try(each.value.image, "${local.repository}:latest")
  working_dir = try(each.value.working_dir, null)
  env         = try(each.value.env, null)
  ports       = try(each.value.ports, null)
  replicas    = try(each.value.replicas, null)
  networks    = try(each.value.networks, null)
  mounts      = try(each.value.mounts, null)
  resources   = try(each.value.resources, null)
  port        = 8080
  readiness = merge({ path = "/v2/health/ready", interval = "100ms", startup_timeout = "60s", min_healthy_time = null, scheme = null },
  try(each.value.readiness, {}))
  rollout        = try(each.value.rollout, { order = null, max_surge = null, drain_timeout = "1s", auto_rollback = null })
  restart_policy = try(each.value.restart_policy, null)
  labels         = try(each.value.labels, null)
  security       = try(each.value.security, null)
  logging        = try(each.value.logging, null)
  stop_signal    = try(each.value.stop_signal, null)
  desired_state  = try(each.value.desired_state, null)
  pull_policy    = try(each.value.pull_policy, null)
  timeouts       = try(each.value.timeouts, null)
}
