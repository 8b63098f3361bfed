# the rows of it
name = "a # b // c /* d */"
block "label" {
  list = ["x", "${var.y}", 1] # in rows
  # how far it goes
  nested {
    path = "a/*" // x
  }
  map = { a = "b" }
}
locals {
  long   = <<-EOT
    ${var.a}  "b
      c # d
  EOT
  choice = var.on ? "${lookup(var.m, "k", "")} x" : -1.5e3
  all    = [for k, v in var.m : "${k}-${v}" if v != null]
  part   = module.a-b[0].ids.*.name

  sum = (a - b)
}
