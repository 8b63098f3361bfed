// node --expose-internals ecmascript_tree.js acorn|typescript EXTENSION
// Reads texts from stdin, each as "<bytes>\n<text>", and prints one line for each: a digest of what a
// parser makes of it without positions and comments, or "-" where it does not accept it.
"use strict";
const { createHash } = require("node:crypto");
const [, , reader, extension] = process.argv;
const digest = (text) => createHash("sha256").update(text).digest("hex");

function byAcorn(text) {
  const acorn = require("internal/deps/acorn/acorn/dist/acorn");
  const plain = (key, value) => {
    if (key === "start" || key === "end" || key === "loc") return undefined;
    return typeof value === "bigint" || value instanceof RegExp ? String(value) : value;
  };
  return ["module", "script"].map((sourceType) => {
    try {
      return JSON.stringify(acorn.parse(text, { ecmaVersion: "latest", sourceType, allowHashBang: true }), plain);
    } catch {
      return "-";
    }
  });
}

function byTypeScript(text) {
  const ts = require("typescript");
  const file = ts.createSourceFile("a." + extension, text, ts.ScriptTarget.Latest, false);
  if (file.parseDiagnostics.length) return ["-"];
  const said = [];
  const walk = (node) => {
    said.push(node.kind, node === file ? "" : JSON.stringify(node.text ?? ""), node.rawText ?? "", node.operator ?? "");
    said.push(node.isTypeOnly ?? "", node.flags & (ts.NodeFlags.BlockScoped | ts.NodeFlags.OptionalChain), "(");
    ts.forEachChild(node, walk);
    said.push(")");
  };
  walk(file);
  return [said.join(" ")];
}

const read = reader === "acorn" ? byAcorn : byTypeScript;
const input = require("node:fs").readFileSync(0);
for (let at = 0; at < input.length; ) {
  const line = input.indexOf("\n", at);
  const size = Number(input.subarray(at, line).toString());
  const said = read(input.subarray(line + 1, line + 1 + size).toString());
  console.log(said.every((one) => one === "-") ? "-" : digest(said.join("\n")));
  at = line + 1 + size;
}
