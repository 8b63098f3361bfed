const z = 1;
/* one */
/** @deprecated */
/** The size of the row. */
export const a = 1;
