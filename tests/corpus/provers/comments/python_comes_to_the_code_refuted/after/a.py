# nosemgrep
f()
g()
