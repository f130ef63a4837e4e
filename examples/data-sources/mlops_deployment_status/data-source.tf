data "mlops_deployment_status" "hairnet" {
  name = "pyt-hairnet-detection"
}

# A warning at every plan and apply while the model is not served, or short of memory.
check "hairnet" {
  assert {
    condition     = data.mlops_deployment_status.hairnet.status == "running"
    error_message = "pyt-hairnet-detection is ${data.mlops_deployment_status.hairnet.status}."
  }

  assert {
    condition     = try(data.mlops_deployment_status.hairnet.memory_percent < 90, true) # null: nothing runs
    error_message = "pyt-hairnet-detection uses more than 90 % of its memory."
  }
}

# Figures such as cpu_percent change from plan to plan, and as outputs they would show up as changes. To look at them:
# terraform state show data.mlops_deployment_status.hairnet
output "hairnet" {
  value = {
    status   = data.mlops_deployment_status.hairnet.status
    replicas = { for r in data.mlops_deployment_status.hairnet.replicas : r.name => r.state }
  }
}
