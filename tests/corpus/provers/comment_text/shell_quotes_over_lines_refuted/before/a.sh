echo "one
# the rows of it
two"
