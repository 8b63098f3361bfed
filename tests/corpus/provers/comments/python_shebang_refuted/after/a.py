#!/usr/bin/python3 -O
x = 1
