import type { Row } from "./row";
import base, { type Place } from "./place";
// what the rows are made of
type Mode = "open" | 'shut' | `${Prefix}-row`;
type Deep<T> = T extends (infer U)[] ? Deep<U> : { readonly [K in keyof T]?: Deep<T[K]> };

/** Says how many rows there are. */
export interface Table<T extends object = Row> {
  readonly rows: Map<string, Array<T>>;
  size?: number
  [key: string]: unknown
  add(row: T, at?: number): asserts row is T;
  <A>(x: A): A; new (x: number): Table<T>
}

enum Kind { Open = 1, Shut = Open << 2, }
declare module "other" { export const x: unique symbol }
namespace A.B { export let y!: number; }

@sealed()
abstract class Store<T> extends base.Store<T> implements Table<T & object>, Place {
  private static readonly count: number = 0
  declare shape: [a: number, b?: string, ...rest: Kind[]]
  constructor(private readonly name: string, public other?: T) { super(); }
  abstract find(key: string): T | undefined
  get first(): T { return this.rows.get(this.name)![0]! }
  protected async load<K extends keyof T>(this: Store<T>, key: K): Promise<T[K]> {
    const found = (await this.find(key as string)) satisfies T | undefined;
    // the next one
    if (found == null) throw new Error(`no ${String(key)} here`)
    return found[key] as T[K]
  }
}

function pick(x: string): string
function pick(x: number): number;
function pick(x: any) { return x! / 2 as any }
let f = <T>(x: T, g: (y: T) => void): x is T => x < 3 && f<T>(x, g) >= 1;
const bits = (<any>f)?.[0] ?? 1 >> 2 >>> 3, more = typeof f === "function" ? f : /x[/]y/g
export { pick as default, bits }; export type { Mode }
for (const [a, b] of Object.entries({ ...more })) { a + b; }
