f(a /* the first row */);
