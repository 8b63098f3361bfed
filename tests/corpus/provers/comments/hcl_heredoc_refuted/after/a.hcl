a = <<EOT
x
# how many rows
EOT
