locals {
  settings = { replicas = 2, env = { LOG_LEVEL = "debug" } }
}
