const z = 1;
/* one */
/**
 * @type {Admin}
 * some words here
 */
let x;
