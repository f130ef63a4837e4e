resource "mlops_deployment" "model" {
  for_each = toset(["v1", "v2"])

  name      = "${local.name}-${each.key}"
  image     = local.image
  port      = 8080
  env       = { VERSION = each.key }
  readiness = { path = "/v2/health/ready", interval = "100ms" }
}

resource "mlops_endpoint" "front" {
  name      = local.name
  host_port = tonumber(local.port)
  traffic   = [{ deployment = mlops_deployment.model[local.serves].name, weight = 1 }]
  shift     = { step = 50, interval = "3s", abort_on = { error_rate = 0.01, min_requests = 20 } }
}
