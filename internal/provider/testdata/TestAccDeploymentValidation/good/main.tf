locals {
  settings = { env = { SCORE = "0.97" }, keep_failed = false }
}
