const a = /* @__PURE__ */
f();
