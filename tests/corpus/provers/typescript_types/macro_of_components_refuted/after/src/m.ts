export interface Props { a: number }
export const b = 1;
