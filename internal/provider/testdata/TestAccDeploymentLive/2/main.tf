locals {
  deployments = {
    cpus-set            = { resources = { cpus = 0.5 } }
    cpus-changed        = { resources = { cpus = 1.5 } }
    cpus-removed        = { resources = {} }
    memory-raised       = { resources = { memory = "128m" } }
    reservation-set     = { resources = { memory_reservation = "16m" } }
    reservation-changed = { resources = { memory_reservation = "8m" } }
    pids-set            = { resources = { pids_limit = 100 } }
    pids-changed        = { resources = { pids_limit = 50 } }
    pids-removed        = {}
    all-limits          = { resources = { cpus = 1, memory = "128m", memory_reservation = "32m" }, restart_policy = "no" }
    restart-policy      = { restart_policy = "unless-stopped" }
    restart-count       = { restart_policy = "on-failure:5" }
    readiness           = { readiness = { tcp = true, min_healthy_time = "1s", startup_timeout = "10m" } }
    readiness-removed   = { readiness = null }
    rollout             = { rollout = { order = "stop-first", max_surge = 3, drain_timeout = "2s", auto_rollback = false } }
    pull-policy         = { pull_policy = "never" }
    timeouts            = { timeouts = { create = "1h", read = "1m", update = "1h", delete = "1h" } }
    port                = { port = 9000 }
    empty               = { env = {}, labels = {}, mounts = [], resources = {} }
    scaled-up           = { replicas = 2 }
    scaled-down         = { replicas = 1 }
  }
}
