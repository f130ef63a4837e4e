locals {
  settings = { purge = false }
}
