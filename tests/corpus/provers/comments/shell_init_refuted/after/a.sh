#!/bin/sh
### BEGIN INIT INFO
# Provides: a
# how far it goes
### END INIT INFO
a
