locals {
  settings = { env = { SCORE = "0.41" }, keep_failed = false }
}
