resource "mlops_deployment" "hairnet" {
  detection_task = "hairnet_detection" # the container is called pyt-hairnet-detection
  image          = "registry.example.com/hairnet-serve:2.3"
  port           = 8080
  replicas       = 2

  # A replica serves once it answers this from inside its network.
  readiness = {
    path             = "/v2/health/ready"
    startup_timeout  = "15m"
    min_healthy_time = "2s"
  }

  # Changed on the running containers, without a restart.
  resources = {
    cpus       = 1
    memory     = "512m"
    pids_limit = 256
  }

  env = {
    LOG_LEVEL = "info"
  }

  # Never in state or plan. Raise the version when the value changes.
  env_wo = {
    HF_TOKEN = var.hf_token
  }
  env_wo_version = "1"

  # What a change of the image does: the new replica is ready before the old one goes.
  rollout = {
    order         = "start-first"
    drain_timeout = "30s"
  }
}

variable "hf_token" {
  type      = string
  ephemeral = true
  default   = "not-a-token"
}

output "containers" {
  value = mlops_deployment.hairnet.containers
}
