locals {
  settings = { env = { READY_AFTER = "4s" } }
}
