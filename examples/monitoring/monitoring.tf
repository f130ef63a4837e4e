# Prometheus and Grafana as what they are to an engine: containers. A monitoring that is there already needs
# prometheus.yml.tftpl and grafana/dashboards alone.

locals {
  # Whatever endpoints there are. On this network a gateway is found under its endpoint's name; with the network's behind
  # it, the name means the gateway also where a deployment has the same one.
  endpoints = [mlops_endpoint.iris.name]
  targets   = [for name in local.endpoints : "${name}.${var.edge_network}:8405"]
}

resource "mlops_deployment" "prometheus" {
  name  = "${var.name}-prometheus"
  image = var.prometheus_image
  port  = 9090
  ports = [{ container_port = 9090, host_port = var.prometheus_port }]

  # The configuration comes as a variable, not as a file of the host: the engine may be anywhere.
  env = {
    PROMETHEUS_YML = templatefile("${path.module}/prometheus.yml.tftpl", { targets = local.targets, interval = var.scrape_interval })
  }
  entrypoint = ["sh", "-c", "echo \"$PROMETHEUS_YML\" > /etc/prometheus/prometheus.yml && exec prometheus \"$@\"", "prometheus"]
  command = [
    "--config.file=/etc/prometheus/prometheus.yml",
    "--storage.tsdb.path=/prometheus",
    "--storage.tsdb.retention.time=30d",
  ]
  mounts = [
    { type = "tmpfs", target = "/etc/prometheus", size = "1m" },
    { type = "volume", source = "${var.name}-prometheus", target = "/prometheus" },
  ]

  readiness = { path = "/-/ready" }
  resources = { memory = "512m" }
  security  = { read_only = true, cap_drop = ["ALL"] }

  # The network is there when the endpoint is.
  networks   = [var.edge_network]
  depends_on = [mlops_endpoint.iris]
}

# Dashboards and where they get their data: files, so they go to the engine as a model does. One that changes is a
# new artifact, and Grafana starts anew with it.
resource "mlops_model" "dashboards" {
  name   = "${var.name}-dashboards"
  source = "${path.module}/grafana"
}

resource "mlops_deployment" "grafana" {
  name  = "${var.name}-grafana"
  image = var.grafana_image
  port  = 3000
  ports = [{ container_port = 3000, host_port = var.grafana_port }]

  env = {
    GF_PATHS_PROVISIONING                     = "/etc/grafana/mlops/provisioning"
    GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH = "/etc/grafana/mlops/dashboards/endpoints.json"
    PROMETHEUS_URL                            = "http://${mlops_deployment.prometheus.name}:9090"
    SCRAPE_INTERVAL                           = var.scrape_interval
  }
  env_wo         = { GF_SECURITY_ADMIN_PASSWORD = var.grafana_password } # in no state and no saved plan
  env_wo_version = "1"

  mounts = [
    { type = "volume", source = mlops_model.dashboards.artifact.volume, target = "/etc/grafana/mlops", read_only = true },
    { type = "volume", source = "${var.name}-grafana", target = "/var/lib/grafana" },
  ]

  readiness = { path = "/api/health" }
  resources = { memory = "512m" }
}
