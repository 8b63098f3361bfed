while (n --
> 0) f();
