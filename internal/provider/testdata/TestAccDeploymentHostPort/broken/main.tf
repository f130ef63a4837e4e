locals {
  settings = { env = { EXIT_AFTER = "0s", EXIT_CODE = "3" } }
}
