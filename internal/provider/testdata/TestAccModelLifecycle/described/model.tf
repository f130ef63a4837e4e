resource "mlops_model" "iris" {
  name          = local.name
  source        = local.source
  version       = "2.3"
  verify        = true
  keep_versions = 5
  timeouts      = { create = "30m", update = "30m" }
}
