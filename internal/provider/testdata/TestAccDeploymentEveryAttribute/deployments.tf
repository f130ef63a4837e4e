# Every attribute that an engine without GPUs can serve.
resource "mlops_deployment" "iris" {
  name        = local.name
  image       = local.image
  pull_policy = "never"
  platform    = local.platform

  entrypoint  = ["/testserver"]
  command     = ["--ignored", "arguments"]
  working_dir = "/"
  user        = "0:0"

  env            = { LOG_LEVEL = "info", EMPTY = "", QUOTED = "a \"b\" = c" }
  env_wo         = { HF_TOKEN = "not-a-token" }
  env_wo_version = "1"

  port = 8080
  ports = [
    { container_port = 8080 },
    { container_port = 9000, host_port = tonumber(local.host_port), host_ip = "127.0.0.1", protocol = "udp" },
  ]
  replicas = 1
  networks = [local.network]

  mounts = [
    { type = "volume", source = local.volume, target = "/data" },
    { type = "bind", source = "/etc", target = "/host-etc", read_only = true },
    { type = "tmpfs", target = "/scratch", size = "16m" },
  ]
  model = {
    volume = local.model
    path   = "iris/1"
    digest = "sha256:0123"
    target = "/srv/model"
  }
  resources = {
    cpus               = 0.5
    memory             = "64m"
    memory_reservation = "0.03125g"
    shm_size           = "32m"
    pids_limit         = 100
  }
  readiness = {
    path             = "/v2/health/ready"
    scheme           = "http"
    port             = 8080
    headers          = { Accept = "application/json" }
    expect_status    = 200
    interval         = "100ms"
    startup_timeout  = "120s"
    min_healthy_time = "10ms"
  }
  health_check = {
    command      = ["NONE"]
    interval     = "60s"
    timeout      = "5s"
    start_period = "10s"
    retries      = 5
  }
  rollout = {
    order         = "stop-first"
    max_surge     = 2
    drain_timeout = "1s"
    auto_rollback = false
  }

  restart_policy = "on-failure:3"
  labels         = { team = "vision" }
  security = {
    read_only         = true
    cap_add           = ["NET_ADMIN"]
    cap_drop          = ["CHOWN", "SETUID"]
    no_new_privileges = true
    seccomp           = "unconfined"
  }
  logging         = { driver = "json-file", options = { max-size = "1m" } }
  stop_signal     = "SIGINT"
  desired_state   = "running"
  restart_trigger = "first"
  adopt_existing  = true
  timeouts        = { create = "5m", read = "60s", update = "5m", delete = "5m" }
}

# What no container is started for.
resource "mlops_deployment" "idle" {
  detection_task = "idle"
  image          = local.image
  replicas       = 0
  resources      = { gpus = "all" }
  model          = { host_path = "/etc" }
  readiness      = { grpc = true, grpc_service = "model", port = 8081 }
  security       = { apparmor = "unconfined" }
}

# Made, and then stopped.
resource "mlops_deployment" "stopped" {
  name          = local.stopped
  image         = local.image
  port          = 8080
  readiness     = { tcp = true, interval = "100ms" }
  desired_state = "stopped"
}
