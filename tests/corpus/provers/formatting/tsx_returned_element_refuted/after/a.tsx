const F = () => { return
<p>x</p>; };
