p = f'docs/{name}.md'
