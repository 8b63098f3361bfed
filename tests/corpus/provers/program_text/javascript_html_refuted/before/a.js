x.textContent = a;
