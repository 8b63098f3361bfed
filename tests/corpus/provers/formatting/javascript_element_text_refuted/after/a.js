const a = <p>one two{" "}
  {b}</p>;
