locals {
  settings = { replicas = 1, env = { LOG_LEVEL = "debug" }, restart_trigger = "once" }
}
