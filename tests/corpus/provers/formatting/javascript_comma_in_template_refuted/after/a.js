x = `a${b,}c`;
