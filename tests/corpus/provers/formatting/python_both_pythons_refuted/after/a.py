from __future__ import print_function
x = 'a'
