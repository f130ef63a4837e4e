data "mlops_endpoint_status" "hairnet" {
  name = "hairnet"
}

# A warning at every plan and apply while not all replicas answer, or too many requests fail.
check "hairnet" {
  assert {
    condition     = data.mlops_endpoint_status.hairnet.status == "serving"
    error_message = "The endpoint is ${data.mlops_endpoint_status.hairnet.status}: ${coalesce(data.mlops_endpoint_status.hairnet.reason, "-")}"
  }

  assert {
    condition     = alltrue([for d in data.mlops_endpoint_status.hairnet.deployments : try(d.error_percent < 1, true)]) # null: not asked yet
    error_message = "One of 100 requests fails, or more."
  }
}

# Figures change from plan to plan, and as outputs they would show up as changes. To look at them:
# terraform state show data.mlops_endpoint_status.hairnet
output "hairnet" {
  value = {
    status     = data.mlops_endpoint_status.hairnet.status
    servers_up = { for name, d in data.mlops_endpoint_status.hairnet.deployments : name => d.servers_up }
  }
}
