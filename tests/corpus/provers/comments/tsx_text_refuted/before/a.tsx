const a = <p>// the old words</p>;
