variable "training_data" {
  description = "File that the model is trained on; its name must be digits.csv.gz."
  type        = string
  default     = "data/digits.csv.gz"
}

variable "reference_data" {
  description = "File with the same rows, that the model is judged by; its name must be digits.csv.gz."
  type        = string
  default     = "data/digits.csv.gz"
}

variable "epochs" {
  description = "Passes over the training rows."
  type        = number
  default     = 30
}

variable "learning_rate" {
  description = "Step width of the training's gradient descent."
  type        = number
  default     = 0.05
}

variable "min_accuracy" {
  description = "Fraction of the held-out rows that a model must answer right to be deployed."
  type        = number
  default     = 0.95
}

variable "canary_weight" {
  description = "How many of a hundred requests the canary answers, 0 to 100; null: there is no canary."
  type        = number
  default     = null
}

variable "canary_epochs" {
  description = "Passes over the training rows, of the canary."
  type        = number
  default     = 40
}

variable "name" {
  description = "Name of the workflow, of the deployment and its first container, and of the endpoint; the canary's begins with it."
  type        = string
  default     = "digits"
}

variable "replicas" {
  description = "Number of containers that serve the model."
  type        = number
  default     = 2
}

variable "host_port" {
  description = "Port of the engine's machine on which the endpoint answers, on 127.0.0.1; null: for containers on its network only."
  type        = number
  default     = null
}

variable "trainer_image" {
  description = "Image of the trainer, in the engine or in a registry that it can pull from."
  type        = string
  default     = "mlops-demo-trainer"
}

variable "server_image" {
  description = "Image of the server, in the engine or in a registry that it can pull from."
  type        = string
  default     = "mlops-demo-server"
}
