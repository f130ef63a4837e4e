resource "mlops_model" "one" {
  name   = "${local.name}-one"
  source = local.source
}
