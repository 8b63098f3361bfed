const a = <b
  // eslint-disable-next-line react/no-danger
  c={d}/>;
