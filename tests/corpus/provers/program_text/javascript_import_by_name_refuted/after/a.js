const x = import(a);
