a \ # "
b
c "
