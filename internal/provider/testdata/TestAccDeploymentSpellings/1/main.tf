locals {
  deployments = {
    image = { image = local.repository }
    bytes = {
      resources = { memory = "512m", memory_reservation = "0.25g", shm_size = "131072k" }
      mounts    = [{ type = "tmpfs", target = "/a", size = "16m" }, { type = "tmpfs", target = "/b/" }]
    }
    durations = {
      readiness = { startup_timeout = "1m0s" }
      rollout   = { drain_timeout = "1s" }
      timeouts  = { create = "60m", update = "90s" }
    }
    env      = { env = { A = "1", B = "2" }, labels = { team = "vision", stage = "test" } }
    numbers  = { resources = { cpus = 1, pids_limit = 100 } }
    defaults = {}
    sets = {
      networks = [local.one, local.other]
      ports    = [{ container_port = 8080 }, { container_port = 9000, host_ip = "127.0.0.1" }]
      security = { cap_add = ["NET_ADMIN", "CAP_SYS_PTRACE"], cap_drop = ["CHOWN"] }
    }
    signal = { stop_signal = "SIGINT", working_dir = "/", logging = { driver = "json-file", options = { max-size = "1m", max-file = "2" } } }
  }
}
