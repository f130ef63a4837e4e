locals {
  settings = { train = "sleep 6" }
}
