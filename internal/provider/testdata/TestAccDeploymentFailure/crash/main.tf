locals {
  settings = { env = { EXIT_AFTER = "0s", EXIT_CODE = "3", LOG = "model not found\\a" }, startup_timeout = "60s" }
}
