const a = <p>{b}{c}</p>;
