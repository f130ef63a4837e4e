locals {
  settings = { env = { SCORE = "0.97", INFER_FOR = "1200ms" }, keep_failed = false }
}
