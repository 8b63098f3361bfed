let a = b[c];
