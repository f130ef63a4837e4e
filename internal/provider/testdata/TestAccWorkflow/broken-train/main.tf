locals {
  settings = { train = "echo $HF_TOKEN && printf \"loss is nan\\a\\n\" && exit 7" }
}
