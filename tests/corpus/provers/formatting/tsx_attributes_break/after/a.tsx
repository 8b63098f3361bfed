export const A = ({ a }: P) => <B
  c="x y"
  d={a}
  {...e}
  style={{
    f: 1
  }}
>one {g(a)} two</B>;
