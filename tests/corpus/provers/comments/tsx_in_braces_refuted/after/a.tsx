const z = 1;
/* one */
const a = <p>{/* some new words */}</p>;
