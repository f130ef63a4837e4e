locals {
  settings = { env = { NEVER_READY = "1" } }
}
