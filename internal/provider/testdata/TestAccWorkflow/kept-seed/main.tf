locals {
  settings = { purge = false, seed = "2" }
}
