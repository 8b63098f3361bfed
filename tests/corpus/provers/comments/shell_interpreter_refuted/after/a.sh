# how many rows
#!/bin/sh
a
