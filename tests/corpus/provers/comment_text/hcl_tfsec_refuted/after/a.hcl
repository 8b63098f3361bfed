# tfsec:ignore:all of the rows
a = 1
