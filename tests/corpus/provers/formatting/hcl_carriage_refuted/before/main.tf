a = <<EOT
b
EOT
