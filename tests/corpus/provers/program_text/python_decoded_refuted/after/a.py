x = base64.b64decode('YQ==')
