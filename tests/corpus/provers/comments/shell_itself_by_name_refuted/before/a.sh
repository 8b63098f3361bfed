# how many rows
x=$(readlink -f "$0")
sed -n 1p "$x"
