interface Row { id: number }
export const first = (rows: Row[]) => rows[0];
