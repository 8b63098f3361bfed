echo "one
# the rows of them
two"
