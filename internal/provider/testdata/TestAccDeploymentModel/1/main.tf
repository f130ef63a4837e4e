resource "mlops_deployment" "volume" {
  name      = "${local.name}-volume"
  image     = local.image
  port      = 8080
  model     = { volume = local.volume, path = "hairnet/2" }
  readiness = { path = "/v2/health/ready", interval = "100ms" }
  rollout   = { drain_timeout = "1s" }
}

resource "mlops_deployment" "host" {
  name      = "${local.name}-host"
  image     = local.image
  port      = 8080
  model     = { host_path = "/etc", target = "/srv/model" }
  readiness = { path = "/v2/health/ready", interval = "100ms" }
  rollout   = { drain_timeout = "1s" }
}

resource "mlops_deployment" "hardened" {
  name  = "${local.name}-hardened"
  image = local.image
  port  = 8080
  user  = "65534:65534"
  security = {
    read_only = true
    cap_drop  = ["ALL"]
  }
  readiness = { path = "/v2/health/ready", interval = "100ms" }
  rollout   = { drain_timeout = "1s" }
}
