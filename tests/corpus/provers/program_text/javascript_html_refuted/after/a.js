x.outerHTML = a;
