resource "mlops_deployment" "iris" {
  detection_task  = try(local.settings.task, "iris_detection")
  image           = local.image
  port            = 8080
  replicas        = local.settings.replicas
  env             = try(local.settings.env, null)
  desired_state   = try(local.settings.desired_state, null)
  restart_trigger = try(local.settings.restart_trigger, null)
  readiness       = { path = "/v2/health/ready", interval = "100ms" }
  rollout         = { drain_timeout = "1s" }
}
