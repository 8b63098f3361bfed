let z;
/* one */
const a = f();
