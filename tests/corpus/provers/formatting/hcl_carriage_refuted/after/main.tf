a = <<EOT
b
EOT
