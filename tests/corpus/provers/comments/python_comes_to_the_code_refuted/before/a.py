# nosemgrep
# the first of them
f()
g()
