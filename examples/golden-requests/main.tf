# A version that answers wrongly, or too slowly, never replaces the one that serves.
resource "mlops_deployment" "hairnet" {
  name      = "hairnet-golden"
  image     = "registry.example.com/hairnet-serve:2.4"
  port      = 8080
  env       = { SCORE = "0.97" }
  readiness = { path = "/v2/health/ready", startup_timeout = "5m" }

  # Asked in this order, when a new replica is ready and before its first request from anybody else.
  validation = [
    { # the first answer is often the slowest: this one warms the model up
      path = "/v2/models/hairnet/infer"
      body = file("${path.module}/golden/hairnet.json")
    },
    {
      path          = "/v2/models/hairnet/infer"
      body          = file("${path.module}/golden/hairnet.json")
      expect_status = 200
      expect_json = {
        "$.model_name"         = { equals = "hairnet" }
        "$.outputs[0].data[0]" = { equals = 0.97, tolerance = 0.02 }
      }
      max_latency = "500ms"
      repeat      = 5
    },
  ]

  # One that failed stays, stopped, as the container hairnet-golden.failed until the next apply.
  rollout = { keep_failed = true }
}
