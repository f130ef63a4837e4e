locals {
  settings = { env = { SCORE = "0.98" }, keep_failed = false }
}
