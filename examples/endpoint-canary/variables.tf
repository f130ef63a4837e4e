variable "name" {
  type        = string
  default     = "iris-canary"
  description = "Name of the endpoint; those of the deployments begin with it."
}

variable "image" {
  type        = string
  default     = "busybox:1"
  description = "Image of the servers."
}

variable "host_port" {
  type        = number
  default     = 8501
  description = "Port of the host on which the endpoint answers."
}

variable "weights" {
  type        = map(number)
  default     = { v1 = 90, v2 = 10 }
  description = "The versions that are deployed, and their parts of the traffic."
}
