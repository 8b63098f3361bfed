let z;
/* one */
const a = /* @__PURE__ */ f();
