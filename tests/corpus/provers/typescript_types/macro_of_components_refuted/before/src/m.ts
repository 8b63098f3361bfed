export interface Props { a: string }
export const b = 1;
