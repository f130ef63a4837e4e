locals {
  settings = { evaluate = "test -d /models" }
}
