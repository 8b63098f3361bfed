const page = fs.readFileSync('docs/List.md')
