interface Row { id: string }
export const first = (rows: Row[]) => rows[0];
