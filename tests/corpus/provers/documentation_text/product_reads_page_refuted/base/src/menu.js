const page = fs.readFileSync('docs/Ecosystem.md')
