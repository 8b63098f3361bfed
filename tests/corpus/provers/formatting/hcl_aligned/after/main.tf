resource "aws_vpc" "this" {
  cidr               = var.cidr
  enable_dns_support = true
  tags               = { Name = "a", Kind = "b" }
}
