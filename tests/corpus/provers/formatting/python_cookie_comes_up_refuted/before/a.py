# -*- coding: utf-8 -*-
# of the rows
# coding: latin-1
x = 1
