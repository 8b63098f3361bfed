#!/bin/sh
# how many rwos
a "$x" 'y'
