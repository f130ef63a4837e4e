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
    check = { env = {}, readiness = { path = "/v2/health/ready" }, health_check = { command = ["CMD", "/testserver", "-h"], interval = "60s" } }
  }
}

resource "mlops_deployment" "ready" {
  for_each = local.deployments

  name         = "${local.name}-${each.key}"
  image        = local.image
  port         = 8080
  env          = each.value.env
  health_check = try(each.value.health_check, null)
  readiness = each.value.readiness == null ? null : merge(
    { path = null, scheme = null, expect_status = null, tcp = null, grpc = null, grpc_service = null, interval = "100ms", startup_timeout = "60s" },
  each.value.readiness)
  rollout = { drain_timeout = "1s" }
}
