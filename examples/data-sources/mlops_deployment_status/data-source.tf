data "mlops_deployment_status" "hairnet" {
  name = "pyt-hairnet-detection"
}

# A warning at every plan and apply while the model is not served.
check "hairnet_is_served" {
  assert {
    condition     = data.mlops_deployment_status.hairnet.status == "running"
    error_message = "pyt-hairnet-detection is ${data.mlops_deployment_status.hairnet.status}."
  }
}

output "hairnet" {
  value = {
    status         = data.mlops_deployment_status.hairnet.status
    cpu_percent    = data.mlops_deployment_status.hairnet.cpu_percent
    memory_percent = data.mlops_deployment_status.hairnet.memory_percent
    replicas       = { for r in data.mlops_deployment_status.hairnet.replicas : r.name => r.state }
  }
}
