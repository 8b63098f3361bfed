f();
//# sourceMappingURL=a.js.map
// the end of it
