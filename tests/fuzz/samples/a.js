"use strict";
import fs, { readFile as read } from "node:fs";
// what the rows are made of
const limit = 0x1f + 1_000n.length / 2, pattern = /[/"']\/(?:a|b)+/giu;

/**
 * Says how many rows there are.
 * @param {number} rows all of them
 */
export async function* count(rows, { first = 1, ...rest } = {}) {
  label: for (let i = 0, n = rows.length; i < n; i++) {
    if (rows[i] === undefined) continue label;
    else if (!rows[i].open) { break; }
    // the next one
    yield* rows[i].parts ?? [];
    const text = `row ${i} of ${`${n} in ${rest.name}`} rows`;
    try {
      await read(text, (error, data) => { if (error) throw error; return data; });
    } catch {
      return i ? text / 2 : -i;
    } finally {
      delete rest[text];
    }
  }
  do { rows.pop() } while (rows.length)
  return rows
    .filter((row) => row && row.open)
    .map(({ a, b }) => a ** b >>> 2)
}

class Table extends Map {
  #rows = [];
  static size = 3
  static { Table.size ||= 4 }
  get open() { return this.#rows?.[0] }
  set open(value) { this.#rows[0] = value }
  async *[Symbol.asyncIterator]() { yield this.open }
}

switch (typeof limit) {
  case "number": fs.x = new Table(); // the first row
  default: void 0
}
export default (x, y) => x in y || x instanceof Table ? [...x, , y] : { x, [y]: 1, "z z": 'q' };
