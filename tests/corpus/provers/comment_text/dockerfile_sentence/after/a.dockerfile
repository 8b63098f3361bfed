FROM x
# how many rows
WORKDIR y
