os.walk('docs')
