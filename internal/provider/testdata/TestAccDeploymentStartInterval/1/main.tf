resource "mlops_deployment" "iris" {
  name    = local.name
  image   = local.busybox
  command = ["sleep", "600"]
  health_check = {
    command        = ["CMD", "test", "-d", "/proc"]
    interval       = "60s"
    start_period   = "30s"
    start_interval = "500ms"
  }
  rollout = { drain_timeout = "1s" }
}
