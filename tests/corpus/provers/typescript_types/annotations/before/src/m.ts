export function total(rows, at) {
  const found = rows[at];
  return found;
}
