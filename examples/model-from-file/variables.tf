variable "name" {
  type        = string
  default     = "iris-from-file"
  description = "Name of the model, of the deployment and of its container."
}

variable "image" {
  type        = string
  default     = "busybox:1"
  description = "Image of the server."
}
