locals {
  settings = { memory = "64m", pids_limit = null, restart_policy = "unless-stopped" }
}
