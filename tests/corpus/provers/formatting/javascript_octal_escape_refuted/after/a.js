function f() { "a\01"; "use strict"; }
