locals {
  settings = { train = "echo epoch 1 && sleep 600", timeout = "2s" }
}
