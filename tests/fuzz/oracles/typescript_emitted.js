// node typescript_emitted.js EXTENSION
// Reads texts from stdin, each as "<bytes>\n<text>", and prints one line for each: a digest of the JavaScript that
// TypeScript's compiler emits under several settings, without blanks and comments, or "-" where it does not accept it.
"use strict";
const { createHash } = require("node:crypto");
const ts = require("typescript");
const extension = process.argv[2];
const base = { removeComments: true, jsx: ts.JsxEmit.React, sourceMap: false };
const { ES5, ES2022, ESNext } = ts.ScriptTarget;
const { CommonJS } = ts.ModuleKind;
const SETTINGS = [
  { ...base, target: ES2022, module: ts.ModuleKind.ES2022, useDefineForClassFields: true },
  { ...base, target: ES2022, module: ts.ModuleKind.ES2022, useDefineForClassFields: false, isolatedModules: true },
  { ...base, target: ESNext, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true, isolatedModules: true },
  { ...base, target: ES5, module: CommonJS, experimentalDecorators: true, useDefineForClassFields: false },
  { ...base, target: ES2022, module: CommonJS, jsx: ts.JsxEmit.Preserve, experimentalDecorators: true },
];

function walked(text) {
  const file = ts.createSourceFile("a.jsx", text, ESNext, false, ts.ScriptKind.JSX);
  const said = [];
  const walk = (node) => {
    // The compiler drops brackets around what had a type; the tree below them says what belongs together.
    if (ts.isParenthesizedExpression(node) && !ts.isStringLiteralLike(node.expression)) return walk(node.expression);
    said.push(node.kind, node === file ? "" : JSON.stringify(node.text ?? ""), node.rawText ?? "", node.operator ?? "");
    said.push(node.flags & (ts.NodeFlags.BlockScoped | ts.NodeFlags.OptionalChain), "(");
    ts.forEachChild(node, walk);
    said.push(")");
  };
  walk(file);
  return said.join(" ");
}

function emitted(text) {
  const read = ts.createSourceFile("a." + extension, text, ESNext, false);
  if (read.parseDiagnostics.length) return "-";
  const made = SETTINGS.map((compilerOptions) => {
    const { outputText } = ts.transpileModule(text, { fileName: "a." + extension, compilerOptions });
    return walked(outputText);
  });
  return createHash("sha256").update(made.join("\n")).digest("hex");
}

const input = require("node:fs").readFileSync(0);
for (let at = 0; at < input.length; ) {
  const line = input.indexOf("\n", at);
  const size = Number(input.subarray(at, line).toString());
  console.log(emitted(input.subarray(line + 1, line + 1 + size).toString()));
  at = line + 1 + size;
}
