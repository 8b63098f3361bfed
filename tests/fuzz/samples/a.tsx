"use client"
import { useState } from "react";
// what the rows are made of
type Props<T> = { rows: T[]; title?: string; children: React.ReactNode };

/** Says how many rows there are. */
export function List<T extends { id: string }>({ rows, title = "none", children }: Props<T>) {
  const [open, setOpen] = useState<Array<string>>([]);
  const label = <K,>(x: K) => `${x} of ${rows.length}`;
  // the next one
  if (!rows.length) return <p className="empty  row">Nothing &amp; no one  here.</p>
  return (
    <Table.Body title={title} style={{ width: 3 }} {...{ open }} onClick={() => setOpen((o) => [...o, "x"])}>
      {/* the rows */}
      {rows.map((row, i) => <Row key={row.id} {...row} at={i}>{label(i)} and <b>more</b></Row>)}
      <>{open ? <i/> : null} text {" "}
      </>
      <svg:rect aria-label='a "b" c' hidden/>
      {children}
    </Table.Body>
  );
}
export default List as any
