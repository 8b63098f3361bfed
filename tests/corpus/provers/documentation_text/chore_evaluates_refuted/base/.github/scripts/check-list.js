const page = fs.readFileSync('docs/List.md')
for (const line of page.split('\n')) eval(line)
