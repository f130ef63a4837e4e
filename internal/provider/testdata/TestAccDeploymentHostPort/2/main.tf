locals {
  settings = { env = { LOG_LEVEL = "debug" } }
}
