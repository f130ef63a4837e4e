locals {
  settings = { purge = false, serve = { NEVER_READY = "1" }, startup_timeout = "2s" }
}
