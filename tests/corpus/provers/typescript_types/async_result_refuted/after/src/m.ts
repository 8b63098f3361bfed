async function f(): Later<A> {}
