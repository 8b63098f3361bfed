# /// script
# the second words
# ///
x = 1
