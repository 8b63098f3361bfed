# coding: pyxl
x = 1
