const a: number = f()
