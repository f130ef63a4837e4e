resource "mlops_model" "iris" {
  name          = local.name
  source        = local.source
  version       = "2.3"
  keep_versions = 3
  timeouts      = { create = "30m" }
}

resource "mlops_model" "folder" {
  name   = "${local.name}-folder"
  source = local.folder
  verify = true
}
