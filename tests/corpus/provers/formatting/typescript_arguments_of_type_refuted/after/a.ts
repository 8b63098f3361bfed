f(x as T
  < y, z > - 1);
