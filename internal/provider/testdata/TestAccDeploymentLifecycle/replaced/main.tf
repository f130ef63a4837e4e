locals {
  settings = { task = "rose_detection", replicas = 1 }
}
