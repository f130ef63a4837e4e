# The same deployments, spelled differently.
locals {
  deployments = {
    image = { image = "docker.io/library/${local.repository}:latest" }
    bytes = {
      resources = { memory = "0.5g", memory_reservation = "256MiB", shm_size = "128m" }
      mounts    = [{ type = "tmpfs", target = "/a", size = "16777216", read_only = false }, { type = "tmpfs", target = "/b" }]
    }
    durations = {
      readiness = { startup_timeout = "60s", scheme = "http" }
      rollout   = { drain_timeout = "1000ms", max_surge = 1, auto_rollback = true }
      timeouts  = { create = "1h", update = "1m30s" }
    }
    env     = { labels = { stage = "test", team = "vision" }, env = { B = "2", A = "1" } }
    numbers = { resources = { cpus = 1.0, pids_limit = "100" } }
    defaults = {
      replicas = 1, restart_policy = "always", desired_state = "running", pull_policy = "missing"
    }
    sets = {
      networks = [local.other, local.one]
      ports    = [{ container_port = 8080, host_ip = "127.0.0.1" }, { container_port = 9000, protocol = "tcp" }]
      security = { cap_drop = ["CHOWN"], cap_add = ["CAP_SYS_PTRACE", "NET_ADMIN"], read_only = false }
    }
    signal = { stop_signal = "int", working_dir = "//", logging = { options = { max-file = "2", max-size = "1m" }, driver = "json-file" } }
  }
}
