// @ts-nocheck
f();
