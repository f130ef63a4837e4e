variable "name" {
  description = "Name of the deployment, of its first container, and of that container on the network."
  type        = string
  default     = "digits"
}

variable "image" {
  description = "Image of the server, in the engine or in a registry that it can pull from."
  type        = string
  default     = "mlops-demo-server"
}

variable "replicas" {
  description = "Number of containers that serve the model."
  type        = number
  default     = 2
}

variable "model_volume" {
  description = "Docker volume that the trainer has written model.json into."
  type        = string
  default     = "mlops-demo-model"
}

variable "model_digest" {
  description = "Digest of model.json, sha256:…, as the trainer prints it last. Without it a new model in the volume is not noticed."
  type        = string
  default     = null
}
