# /// script
# the first words
# ///
x = 1
