output "endpoint" {
  value       = mlops_endpoint.iris.url
  description = "Where predictions are asked for."
}

output "prometheus" {
  value       = "http://127.0.0.1:${var.prometheus_port}"
  description = "Where the figures are, on the engine's host."
}

output "grafana" {
  value       = "http://127.0.0.1:${var.grafana_port}"
  description = "Where they are drawn, on the engine's host."
}
