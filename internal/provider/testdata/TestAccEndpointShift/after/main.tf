locals {
  serves = "v2"
}
