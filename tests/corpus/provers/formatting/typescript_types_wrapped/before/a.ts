export function f<T extends A>(a: Map<string, Array<T>>, b?: "x" | "y"): Promise<T[]> { return g(a as Map<string, T[]>, b!); }
type U = | A | B;
