# What needs a look among the deployments whose names begin with the provider's name_prefix, "pyt-" by default.
data "mlops_deployments" "broken" {
  status = ["error", "stopped"]
}

# Every container of the engine that carries the label, whoever made it.
data "mlops_deployments" "vision" {
  name_prefix = ""
  labels      = { team = "vision" }
}

output "broken" {
  value = { for d in data.mlops_deployments.broken.deployments : d.name => coalesce(d.reason, d.status) }
}

output "vision" {
  value = { for d in data.mlops_deployments.vision.deployments : d.name => d.image }
}
