type A<T> = {
  readonly [K in keyof T]?: B,
};
