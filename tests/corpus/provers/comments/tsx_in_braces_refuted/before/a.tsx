const z = 1;
/* one */
const a = <p>{/* some old words */}</p>;
