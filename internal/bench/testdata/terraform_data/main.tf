variable "number" { type = number }

resource "terraform_data" "many" {
  count = var.number
  input = { name = "data-${count.index}", command = ["sh", "-c", "true"] }
}
