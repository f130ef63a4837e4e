variable "name" { type = string }
variable "source_folder" { type = string }

resource "mlops_model" "this" {
  name   = var.name
  source = var.source_folder
}

output "digest" { value = mlops_model.this.digest }
output "volume" { value = mlops_model.this.artifact.volume }
