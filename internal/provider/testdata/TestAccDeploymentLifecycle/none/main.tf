locals {
  settings = { replicas = 0, env = { LOG_LEVEL = "debug" }, restart_trigger = "once" }
}
