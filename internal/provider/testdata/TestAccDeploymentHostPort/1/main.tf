locals {
  settings = { env = {} }
}
