if (f(a)) b();
