x = f('a', u'b', 0XFF)
