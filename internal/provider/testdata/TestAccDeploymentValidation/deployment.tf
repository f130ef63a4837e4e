resource "mlops_deployment" "iris" {
  name      = local.name
  image     = local.image
  port      = 8080
  replicas  = 2
  env       = local.settings.env
  readiness = { path = "/v2/health/ready", interval = "100ms", startup_timeout = "60s" }
  rollout   = { drain_timeout = "1s", keep_failed = local.settings.keep_failed }

  validation = [
    { path = "/v2/models/iris/infer", body = jsonencode({ inputs = range(1000000, 1001000) }) }, # warms it up, and is too large for a record
    {
      path          = "/v2/models/iris/infer"
      headers       = { Accept = "application/json" }
      body          = jsonencode({ inputs = [5.1, 3.5, 1.4, 0.2] })
      expect_status = 200
      expect_json = {
        "$.outputs[0].data[0]" = { equals = 0.97, tolerance = 0.02 }
        "$.model_name"         = { equals = "iris" }
        "$.outputs[0].shape"   = { equals = jsonencode([1]) }
      }
      max_latency = "1s"
      repeat      = 3
    },
  ]
}
