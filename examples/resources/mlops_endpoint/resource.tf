resource "mlops_deployment" "hairnet" {
  name     = "hairnet"
  image    = "registry.example.com/hairnet-serve:2.3"
  port     = 8080
  replicas = 2

  readiness = {
    path = "/v2/health/ready"
  }
}

resource "mlops_deployment" "hairnet_next" {
  name  = "hairnet-next"
  image = "registry.example.com/hairnet-serve:2.3"
  port  = 8080

  readiness = {
    path = "/v2/health/ready"
  }
}

resource "mlops_endpoint" "hairnet" {
  name      = "hairnet"
  host_port = 8501 # on 127.0.0.1; without it, containers on the network mlops-edge find it as http://hairnet:8080

  # 9 of 10 requests to the one, 1 of 10 to the other, however many replicas they have.
  traffic = [
    { deployment = mlops_deployment.hairnet.name, weight = 90 },
    { deployment = mlops_deployment.hairnet_next.name, weight = 10 },
  ]

  # Other weights take effect in steps, and are taken back where the version that gets more does badly.
  shift = {
    step     = 10 # percentage points
    interval = "1m"
    abort_on = { error_rate = 0.01, latency = "300ms" }
  }

  fallback        = mlops_deployment.hairnet.name # answers where no replica of the other is ready
  override_header = "x-mlops-deployment"          # curl -H 'x-mlops-deployment: hairnet-next' …
  sticky          = "cookie"                      # a browser stays with what answered first

  timeouts_http = { request = "30s", stream = "10m" } # silence of a replica: of one that streams, for longer
  max_body      = "10m"                               # more is answered with 413
  access_log    = true                                # docker logs mlops-gateway.hairnet
  resources     = { cpus = 2, memory = "256m" }       # of the gateway
}

output "url" {
  value = mlops_endpoint.hairnet.url
}
