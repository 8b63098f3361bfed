const a='x'
