let a = b[c,];
