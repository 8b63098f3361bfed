// some wrods here
f();
