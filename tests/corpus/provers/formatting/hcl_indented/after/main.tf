locals {
  a = <<-EOT
    ${var.x} b
  EOT
  b = "${lookup(var.m, "k", "")} c"
}
