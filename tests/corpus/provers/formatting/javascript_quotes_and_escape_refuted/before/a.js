f('it\'s', 'a\d', 'say "x"');
