open('docs/new.md')
