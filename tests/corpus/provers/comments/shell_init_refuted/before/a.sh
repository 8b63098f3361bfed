#!/bin/sh
### BEGIN INIT INFO
# Provides: a
### END INIT INFO
a
