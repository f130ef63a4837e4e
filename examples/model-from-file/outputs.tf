output "digest" {
  value       = mlops_model.iris.digest
  description = "Says which model it is: another content, or another name of the file, is another digest."
}

output "volume" {
  value       = mlops_model.iris.artifact.volume
  description = "Where the engine keeps it."
}
