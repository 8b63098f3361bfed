const a = /* @__PURE__ */
// here the rows are counted
f();
