#!/bin/sh
### BEGIN INIT INFO
# Description: a
#   how many rows
#   how far it goes
### END INIT INFO
a
