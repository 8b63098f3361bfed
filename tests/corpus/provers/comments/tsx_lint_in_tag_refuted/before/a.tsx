const a = <b
  // some words here
  c={d}/>;
