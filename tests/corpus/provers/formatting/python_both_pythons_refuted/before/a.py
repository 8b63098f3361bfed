from __future__ import print_function
x = u'a'
