const A = () => {
  // teh list of rows
  return <b>x</b>;
};
