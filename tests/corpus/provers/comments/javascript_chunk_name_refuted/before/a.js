let z;
/* one */
const a = import(/* webpackChunkName: "one" */ "./a");
