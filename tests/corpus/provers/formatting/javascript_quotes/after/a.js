"use strict";
import a from "b";
f({ "c": "" }, "d e");
