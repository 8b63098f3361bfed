#!/usr/bin/python3
x = 1
