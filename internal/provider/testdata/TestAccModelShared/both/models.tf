resource "mlops_model" "one" {
  name   = "${local.name}-one"
  source = local.source
}

resource "mlops_model" "other" {
  name   = "${local.name}-other"
  source = local.source
}
