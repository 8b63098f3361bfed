#!/bin/sh
### BEGIN INIT INFO
# Description: a
#   how many rows
#   how far
### END INIT INFO
a
