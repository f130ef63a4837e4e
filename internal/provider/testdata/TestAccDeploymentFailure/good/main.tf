locals {
  settings = { env = {}, startup_timeout = "60s" }
}
