#!/usr/bin/env node
"use strict";
function f(a,b){
  if(a)b++;


  return a/b/2+`x ${a} y`;
}
