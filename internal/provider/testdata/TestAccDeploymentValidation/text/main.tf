locals {
  settings = { env = { SCORE = "0.97", INFER_TEXT = "<html>\\e[31mnot JSON" }, keep_failed = false }
}
