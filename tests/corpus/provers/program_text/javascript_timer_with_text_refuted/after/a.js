setTimeout('f()', 1);
