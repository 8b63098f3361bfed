const z = 1;
/* one */
interface A {
  /** The length of the row. */
  a: string;
}
