const a = 1;
// deno-lint-ignore no-explicit-any
f(a);
