locals {
  settings = { env = { NEVER_READY = "1" }, startup_timeout = "2s" }
}
