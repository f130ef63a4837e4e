output "containers" {
  description = "The replicas: slot, name, ID."
  value       = mlops_deployment.digits.containers
}

output "urls" {
  description = "Where the replicas answer, for containers on the network mlops."
  value       = [for replica in mlops_deployment.digits.containers : "http://${replica.name}:8080"]
}

output "revision" {
  description = "Counts up with every change that needs new containers."
  value       = mlops_deployment.digits.revision
}

# Of the status, only what stays the same between two plans: a figure like the CPU % would be a change each time. All of
# it: terraform state show data.mlops_deployment_status.digits
output "status" {
  description = "running, stopped, created, not_found or error."
  value       = data.mlops_deployment_status.digits.status
}
