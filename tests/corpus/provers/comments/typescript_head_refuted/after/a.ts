// some words here
f();
