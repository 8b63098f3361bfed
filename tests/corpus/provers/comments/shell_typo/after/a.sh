#!/bin/sh
# how many rows
a "$x" 'y'
