output "steps" {
  description = "How each step ended: succeeded, cached, skipped or failed."
  value       = { for name, result in mlops_workflow.digits.results : name => result.status }
}

output "accuracy" {
  description = "Fraction of right answers on the rows that the training held out, as the evaluation measured it."
  value       = mlops_workflow.digits.results["evaluate"].metrics["accuracy"]
}

output "model" {
  description = "The model that is served: volume, path, digest."
  value       = mlops_workflow.digits.artifact
}

output "reference_data_volume" {
  description = "Volume with the reference copy of the data set, to ask the server about."
  value       = mlops_model.reference_data.artifact.volume
}

output "url" {
  description = "Where the endpoint answers; without a host_port, for containers on the network mlops-edge."
  value       = mlops_endpoint.digits.url
}

output "containers" {
  description = "The replicas."
  value       = data.mlops_deployment_status.digits.replicas[*].name
}

# Of the status, only what stays the same between two plans: a figure like the CPU % would be a change each time. All of
# it: terraform state show data.mlops_deployment_status.digits
output "status" {
  description = "running, stopped, created, not_found or error."
  value       = data.mlops_deployment_status.digits.status
}
