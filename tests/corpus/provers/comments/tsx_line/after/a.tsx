const A = () => {
  // the list of rows
  return <b>x</b>;
};
