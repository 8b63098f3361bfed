a '
b
'
