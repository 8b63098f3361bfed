x = <a b={c} />;
