const r = a < b >
(c);
