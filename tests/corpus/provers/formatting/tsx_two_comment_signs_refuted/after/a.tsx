const a = <p>x</// end
p>;
