f(a /* the row of them */);
