const z = 1;
/* one */
interface A {
  /** The lenght of the row. */
  a: string;
}
