a {{ x -}}
b
