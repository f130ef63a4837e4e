locals {
  env = { PRINT_ENV_CRASH = "1", EXIT_CODE = "7" }
}
