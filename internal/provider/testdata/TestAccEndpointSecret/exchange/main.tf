locals {
  edition       = "2"
  serves        = "v1"
  max_body      = null
  redirect_port = null
}
