const a = <B.
C d="e"/>;
