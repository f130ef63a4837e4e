locals {
  settings = { memory = "128m", pids_limit = 200, restart_policy = "always" }
}
