const z = 1;
/** @jsx other */
const a = <b/>;
