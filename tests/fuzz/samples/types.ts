#!/usr/bin/env node
import type { Reader } from './reader';
import { open, type } from './files';
export type { Reader } from './reader';

// Rows are kept in the order of arrival.
export interface Row<T = string> extends Base<T> {
  readonly id: number;
  name?: string;
  read(at: number): T;
}

type Name = string | number | { first: string; last: string };
type Mapped<K extends keyof Row> = { [P in K]?: Row[P] };

let at = 1
let satisfied = at
const limits: Map<string, number> = new Map<string, number>();
export const first = async <T extends Row>(rows: T[], at?: number): Promise<T | undefined> => {
  const found = rows[at ?? 0] as T;
  return (await open(found!.name as string)) ? found : undefined;
};

function isName(value: unknown): value is Name {
  return typeof value === 'string' || (value as Row).id > 0;
}

function check(value: unknown, ...rest: string[]): asserts value {
  if (!value || rest.length < 2) throw new Error(`no ${value as string} of ${rest[0]!.trim()}`)
}

export class Store<T> extends Map<string, T> implements Iterable<T>, Reader {
  private readonly size_: number = 0;
  protected static count = 0;
  #held!: T[];
  public label?: string;

  constructor(rows: readonly T[], protected_: boolean = false) {
    super();
    this.#held = [...rows];
  }

  get last(): T | undefined { return this.#held[this.#held.length - 1]! }

  public override set(key: string, value: T): this {
    Store.count++
    return super.set(key, value!);
  }

  async *walk<U>(map: (value: T) => U): AsyncGenerator<U, void> {
    for (const one of this.#held as T[]) yield map(one)
  }
}

let a = limits.get('a')!
let b = a < 3 ? (a) : at > (satisfied) ? 1 : 2
type: for (let i: number = 0, n = rest(a)!; i < n; i++) { if (i) break type }
switch (b) { case (a): check(a); default: isName(b as any) }
const fields = { a: b, async c(): Promise<void> {}, get d(): number { return 1 } } satisfies object;
function rest(n: number): number { return fields.a < n && n > (b) ? n : -n }
const called = first<Row>([], 1), tagged = (x: (y: number) => string): typeof x => x;
try { called.then(tagged as never) } catch (error: unknown) { throw error as Error }
