async function f(): Promise<A> {}
