export function total(rows: Row[], at: number): Row {
  const found: Row = rows[at];
  return found;
}
