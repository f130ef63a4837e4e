# What the provider's name_prefix begins, "pyt-" by default, and needs a look.
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

output "memory_bytes" {
  value = sum(concat([0], [for d in data.mlops_deployments.vision.deployments : d.memory_bytes if d.memory_bytes != null]))
}
