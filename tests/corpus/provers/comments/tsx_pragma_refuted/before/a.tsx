const z = 1;
/** @jsx h */
const a = <b/>;
