#!/bin/sh
# how mnay rows
a "$x" 'y'
