const a = /x  y/.test(b);
