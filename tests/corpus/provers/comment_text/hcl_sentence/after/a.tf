a = "${var.x}"
// how many rows
