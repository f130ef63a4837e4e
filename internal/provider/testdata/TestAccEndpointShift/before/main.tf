locals {
  serves = "v1"
}
