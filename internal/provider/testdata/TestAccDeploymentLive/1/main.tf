locals {
  deployments = {
    cpus-set            = {}
    cpus-changed        = { resources = { cpus = 0.5 } }
    cpus-removed        = { resources = { cpus = 0.5 } }
    memory-raised       = { resources = { memory = "64m" } }
    reservation-set     = {}
    reservation-changed = { resources = { memory_reservation = "16m" } }
    pids-set            = {}
    pids-changed        = { resources = { pids_limit = 100 } }
    pids-removed        = { resources = { pids_limit = 100 } }
    all-limits          = { resources = { cpus = 0.5, memory = "64m", memory_reservation = "16m", pids_limit = 100 } }
    restart-policy      = {}
    restart-count       = { restart_policy = "on-failure:3" }
    readiness           = {}
    readiness-removed   = {}
    rollout             = {}
    pull-policy         = {}
    timeouts            = {}
    port                = {}
    empty               = {}
    scaled-up           = {}
    scaled-down         = { replicas = 2 }
  }
}
