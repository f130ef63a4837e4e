locals {
  edition       = "2"
  serves        = "v2"
  max_body      = "1MiB"
  redirect_port = tonumber(local.redirect)
}
