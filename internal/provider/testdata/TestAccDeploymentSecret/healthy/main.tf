locals {
  env = { LOG_LEVEL = "info" }
}
