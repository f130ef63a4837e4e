resource "terraform_data" "host" {
  input = "tcp://127.0.0.1:2375"
}

provider "mlops" {
  host = terraform_data.host.output
}

# Nothing tells Terraform to wait.
data "mlops_deployment_status" "iris" {
  name = "iris"
}
