# One deployment for each way to ask whether a replica is ready.
locals {
  deployments = {
    http  = { env = {}, readiness = { path = "/v2/health/ready" } }
    https = { env = { PROTOCOL = "https" }, readiness = { path = "/v2/health/ready", scheme = "https", expect_status = 200 } }
    tcp   = { env = { PROTOCOL = "tcp", OPEN_AFTER = "300ms" }, readiness = { tcp = true } }
    grpc  = { env = { PROTOCOL = "grpc", READY_AFTER = "300ms" }, readiness = { grpc = true } }
    named = { env = { PROTOCOL = "grpc" }, readiness = { grpc = true, grpc_service = "model" } }
    late  = { env = { READY_AFTER = "1s" }, readiness = { path = "/v2/health/ready" } }
    none  = { env = { PROTOCOL = "none" }, readiness = null }
    check = {
      env          = {}, readiness = null, image = local.busybox, command = ["sleep", "600"],
      health_check = { command = ["CMD", "test", "-d", "/proc"], interval = "500ms", timeout = "10s", retries = 5 }
    }
  }
}

resource "mlops_deployment" "ready" {
  for_each = local.deployments

  name         = "${local.name}-${each.key}"
  image        = try(each.value.image, local.image)
  command      = try(each.value.command, null)
  port         = 8080
  env          = each.value.env
  health_check = try(each.value.health_check, null)
  readiness = each.value.readiness == null ? null : merge(
    { path = null, scheme = null, expect_status = null, tcp = null, grpc = null, grpc_service = null, interval = "100ms", startup_timeout = "60s" },
  each.value.readiness)
  rollout = { drain_timeout = "1s" }
}
