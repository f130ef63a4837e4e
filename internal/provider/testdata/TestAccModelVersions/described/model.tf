resource "mlops_model" "iris" {
  name          = local.name
  source        = local.source
  version       = "final"
  keep_versions = 1
}
