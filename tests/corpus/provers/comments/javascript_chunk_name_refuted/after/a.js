let z;
/* one */
const a = import(/* webpackChunkName: "two" */ "./a");
