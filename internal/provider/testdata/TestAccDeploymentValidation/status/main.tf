locals {
  settings = { env = { SCORE = "0.97", INFER_STATUS = "500" }, keep_failed = false }
}
