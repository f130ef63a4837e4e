locals {
  settings = { purge = false, evaluate = "echo no such metric && exit 3" }
}
