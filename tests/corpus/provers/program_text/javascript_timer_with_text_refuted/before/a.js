setTimeout(f, 1);
