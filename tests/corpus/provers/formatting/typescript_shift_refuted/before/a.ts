const r: A<B<C> > = d;
