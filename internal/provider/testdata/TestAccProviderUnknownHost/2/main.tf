resource "terraform_data" "host" {
  input = "tcp://127.0.0.1:2375"
}

provider "mlops" {
  host = terraform_data.host.output
}

data "mlops_deployment_status" "iris" {
  name       = "iris"
  depends_on = [terraform_data.host]
}

data "mlops_deployments" "all" {
  name_prefix = terraform_data.host.input == "" ? "never" : ""
}

resource "mlops_deployment" "rose" {
  name  = "rose"
  image = "rose:1"
}
