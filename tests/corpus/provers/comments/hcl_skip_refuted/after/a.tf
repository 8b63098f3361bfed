z = 0
#tfsec:ignore:x the rows of it
a = 1
