resource "mlops_model" "iris" {
  name   = local.name
  source = local.source
}
