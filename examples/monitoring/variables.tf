variable "name" {
  type        = string
  default     = "iris"
  description = "Name of the endpoint; those of the deployments begin with it."
}

variable "image" {
  type        = string
  default     = "busybox:1"
  description = "Image of the servers."
}

variable "versions" {
  type        = map(object({ weight = number, fails = optional(number, 0) }))
  default     = { v1 = { weight = 90 }, v2 = { weight = 10, fails = 5 } }
  description = "The versions that are deployed, their parts of the traffic, and in how many of 100 requests each fails."
}

variable "host_port" {
  type        = number
  default     = 8501
  description = "Port of the host on which the endpoint answers."
}

variable "metrics_port" {
  type        = number
  default     = 8405
  description = "Port of the host on which the endpoint's gateway exports its metrics."
}

variable "edge_network" {
  type        = string
  default     = "mlops-edge"
  description = "Network on which clients find gateways: the provider's network with -edge."
}

variable "prometheus_image" {
  type        = string
  default     = "prom/prometheus:v3.1.0"
  description = "Image of Prometheus, with a shell."
}

variable "prometheus_port" {
  type        = number
  default     = 9090
  description = "Port of the host on which Prometheus answers."
}

variable "scrape_interval" {
  type        = string
  default     = "15s"
  description = "How often Prometheus asks the gateways."
}

variable "grafana_image" {
  type        = string
  default     = "grafana/grafana:11.5.2"
  description = "Image of Grafana."
}

variable "grafana_port" {
  type        = number
  default     = 3000
  description = "Port of the host on which Grafana answers."
}

variable "grafana_password" {
  type        = string
  ephemeral   = true
  description = "Password of Grafana's user admin, as Grafana is given it when it first starts."
}
