const a = <p title="one  two">x</p>;
