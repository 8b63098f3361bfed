const page = fs.readFileSync('docs/Ecosystem.md')
for (const line of page.split('\n')) check(line)
