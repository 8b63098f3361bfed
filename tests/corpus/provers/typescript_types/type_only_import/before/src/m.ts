import type { A } from './a';
export const a: A = 1;
