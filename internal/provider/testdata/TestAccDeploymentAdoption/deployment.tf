# What "docker run" was told, in the provider's words.
resource "mlops_deployment" "iris" {
  name  = local.name
  image = local.image
  env   = { LOG_LEVEL = "info", MODEL_NAME = "hairnet" }
  ports = [
    { container_port = 8080, host_ip = "0.0.0.0", host_port = tonumber(local.open_port) },
    { container_port = 9090, host_port = tonumber(local.local_port) },
  ]
  mounts = [
    { type = "bind", source = "/etc", target = "/host-etc", read_only = true },
    { type = "volume", source = local.volume, target = "/data" },
  ]
  networks       = [local.network]
  labels         = { team = "vision", "mlops-test.scope" = local.scope }
  resources      = { cpus = 0.5, memory = local.settings.memory, pids_limit = local.settings.pids_limit }
  restart_policy = local.settings.restart_policy
  adopt_existing = local.adopt_existing == "true"
}
