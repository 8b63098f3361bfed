const a = <p>// the new words</p>;
