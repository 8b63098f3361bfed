import type { A, B } from './a';
export const a: A | B = 1;
