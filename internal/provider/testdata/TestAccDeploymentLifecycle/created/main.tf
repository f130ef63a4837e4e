locals {
  settings = { replicas = 2 }
}
