const a = 'x'
foo( a )
