locals {
  settings = { replicas = 3, env = { LOG_LEVEL = "debug" } }
}
