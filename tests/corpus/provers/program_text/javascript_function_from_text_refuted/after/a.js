const x = Function(a);
