x = r'\n'
