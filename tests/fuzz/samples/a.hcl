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
