const z = 1;
/* one */
/** @deprecated */
export const a = 1;
