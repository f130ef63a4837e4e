locals {
  settings = { accuracy = 0.5, seed = "3" }
}
