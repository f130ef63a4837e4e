locals {
  settings = { seed = "2" }
}
