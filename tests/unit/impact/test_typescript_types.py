"""Types of TypeScript that are erased, and what looks like them and is not."""

from __future__ import annotations

import pytest

from magistrate.domain.impact import FileChange, Proof, ProofStatus, Strictness
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.provers.typescript_types import PROVER

PRIVATE = {"package.json": '{"private": true}'}


def proof_of(before: str, after: str, path: str = "src/m.ts", files: dict[str, str] | None = None) -> Proof:
    file = ChangedFile(change=FileChange(path=path, before=before.encode(), after=after.encode()))
    base = BaseTree(files=PRIVATE if files is None else files, known=True)
    return PROVER.prove(file, (file,), base, ())


PROVEN = [
    ("const f = (a) => a;\n", "const f = (a: number): number => a;\n"),
    ("function f(a, b) { return a }\n", "function f(a: A, b: B[]): A { return a }\n"),
    ("let x: string = g();\n", "let x: string | null = g();\n"),
    ("let x = g();\n", "let x: { a: string; b(): void } = g();\n"),
    ("let x: A = g();\n", "let x: A extends B ? C : D = g();\n"),
    ("let x: A = g();\n", "let x: readonly [a: A, ...rest: B[]] = g();\n"),
    ("let x: A = g();\n", "let x: (a: A, b?: B) => C = g();\n"),
    ("let x: A = g();\n", "let x: typeof y.z = g();\n"),
    ("let x: A = g();\n", "let x: A['b'][number] = g();\n"),
    ("let x: A = g();\n", "let x: `a-${string}` | 'b' | -1 = g();\n".replace("`a-${string}` | ", "`a` | ")),
    ("let x: A = g();\n", "let x: keyof typeof y = g();\n"),
    ("const a = b as Foo;\n", "const a = b as Bar<Baz>;\n"),
    ("const a = b;\n", "const a = b satisfies Foo;\n"),
    ("const a = b!.c;\n", "const a = b.c;\n"),
    ("const m = new Map<string, number>();\n", "const m = new Map<string, string[]>();\n"),
    ("const m = new Map();\n", "const m = new Map<string, A>();\n"),
    ("g(a);\n", "g<T>(a);\n"),
    ("interface A { a: string }\nconst z = 1;\n", "interface A { a: string; b: number }\nconst z = 1;\n"),
    ("type A = string;\nlet v: A = 1;\n", "type A = string | {\n  a: number;\n};\nlet v: A = 1;\n"),
    ("const z = 1;\n", "interface Q { a: string }\nconst z = 1;\n"),
    ("export const z = 1;\n", "export type Q = 1;\nexport const z = 1;\n"),
    ("export const z = 1;\n", "import type { A } from 'a';\nexport const z = 1;\n"),
    (
        "import type { A } from 'a';\nexport const z: A = 1;\n",
        "import type { A, B } from 'a';\nexport const z: A | B = 1;\n",
    ),
    ("class C { x = 1 }\n", "class C { private readonly x: number = 1 }\n"),
    ("class C { m() {} }\n", "class C { protected m<T>(a?: T): Promise<T> {} }\n".replace("a?: T", "")),
    ("class C {}\n", "class C implements D, E<F> {}\n"),
    ("class C extends B {}\n", "class C<T> extends B<T> implements D {}\n"),
    ("class C extends B { m() {} }\n", "class C extends B { override m(): void {} }\n"),
    ("class C { x: A; }\n", "class C { x: B; }\n"),
    ("class C { x: A; }\n", "class C { x!: A; }\n"),
    ("function f(a: A) {}\n", "function f(a?: A) {}\n"),
    ("function f(a: unknown): boolean { return !!a }\n", "function f(a: unknown): a is B { return !!a }\n"),
    ("function f(a: unknown): void { g(a) }\n", "function f(a: unknown): asserts a is B { g(a) }\n"),
    ("try { g() } catch (e) { h(e) }\n", "try { g() } catch (e: unknown) { h(e) }\n"),
    ("for (let i = 0; i < n; i++) g(i);\n", "for (let i: number = 0; i < n; i++) g(i);\n"),
    ("export const f = async (x) => x;\n", "export const f = async <T>(x: T) => x;\n"),
]
REFUTED = [
    # values
    ("let x: A = 1;\n", "let x: B = 2;\n"),
    ("const f = (a) => a;\n", "const f = (a: A) => b;\n"),
    ("const a = b as T;\n", "const a = c as T;\n"),
    ("function f(a: A) {}\n", "function f(a: A = 1) {}\n"),
    ("function f(a: A) {}\n", "function f(b: A) {}\n"),
    ("function f(a: A) {}\n", "function f(a: A, b: B) {}\n"),
    ("function f(a: A) {}\n", "async function f(a: A) {}\n"),
    ("const a = b!.c;\n", "const a = b?.c;\n"),
    ("const a = b!;\n", "const a = !b;\n"),
    ("const a = b! == c;\n", "const a = b !== c;\n"),
    ("if (!a) g();\n", "if (a!) g();\n"),
    ("let x: A = 1;\n", "var x: A = 1;\n"),
    ("let x: A;\n", "const x: A = undefined;\n"),
    ("g<T>(a);\n", "g < T > (a) + 1;\n"),
    ("g(a < b, c);\n", "g(a < b, c > (d));\n"),
    ("const a = { b: c };\n", "const a = { b: d };\n"),
    ("const a = { b };\n", "const a = { b: c };\n"),
    ("const a = { b: c };\n", "const a = { b };\n"),
    ("const { a } = b;\n", "const { a: c } = b;\n"),
    ("const a = b ? c : d;\n", "const a = b ? c : e;\n"),
    ("const a = b ? (c) : d => e;\n", "const a = b ? (c) : f => e;\n"),
    ("a: for (;;) break a;\n", "b: for (;;) break b;\n"),
    ("switch (a) { case b: g() }\n", "switch (a) { case c: g() }\n"),
    ("const a = b as const;\n", "const a = [b] as const;\n"),
    ("type(a);\n", "type (b);\n"),
    ("const a = (b);\n", "const a = (b as T);\n"),
    ("const a = (b as T).c;\n", "const a = b.c;\n"),
    # statements that are made by line ends
    ("x as T\n(foo)\n", "x\n(foo)\n"),
    ("x as T\n[foo]\n", "x\n[foo]\n"),
    ("let a = b\ninterface Q {}\n(c)\n", "let a = b\n(c)\n"),
    ("let a = b\ntype Q = 1\n[c].d\n", "let a = b\n[c].d\n"),
    ("let a = b\ntype Q = 1\n`c`\n", "let a = b\n`c`\n"),
    ("let a = b\ntype Q = 1\n/c/g.test(d)\n", "let a = b\n/c/g.test(d)\n"),
    ("let a = b\ntype Q = 1\n+c\n", "let a = b\n+c\n"),
    ("let a = b\ntype Q = 1\n-c\n", "let a = b\n-c\n"),
    ("let x: A\n(b)\n", "let x\n(b)\n"),
    ("let x: A\n[b]\n", "let x\n[b]\n"),
    ("return_ = a!\n(b)\n", "return_ = a\n(b)\n"),
    ("type\nQ = 1\n", "type\nQ = 2\n"),
    ("function f() { return a as T }\n", "function f() { return\na as T }\n"),
    ("function f() { return <T>\na }\n", "function f() { return \na }\n"),
    ("class C { get\nprivate x() {} }\n", "class C { get\nx() {} }\n"),
    ("class C { a = 1\nprivate [b] = 2 }\n", "class C { a = 1\n[b] = 2 }\n"),
    ("class C { a = 1\npublic *b() {} }\n", "class C { a = 1\n*b() {} }\n"),
    ("class C { private\nx = 1 }\n", "class C { x = 1 }\n"),
    ("let a = 1\ntype Q = 1\n'use strict'\n", "let a = 1\n'use strict'\n"),
    ("type Q = 1\n'use strict'\n", "'use strict'\n"),
    # what is emitted
    ("enum A { B }\n", "enum A { C }\n"),
    ("enum A { B }\n", "const enum A { B }\n"),
    ("const z = 1;\n", "enum A { B }\nconst z = 1;\n"),
    ("enum A { B = 1 }\nlet a: A = 1;\n", "enum A { B = 2 }\nlet a: A = 1;\n"),
    ("const z = 1;\n", "namespace N { export const a = 1 }\nconst z = 1;\n"),
    ("namespace N { export const a = 1 }\n", "namespace N { export const a = 2 }\n"),
    ("const z = 1;\n", "module N { g() }\nconst z = 1;\n"),
    ("class C { constructor(x: A) {} }\n", "class C { constructor(x: A): any {} }\n"),
    ("class C extends B { constructor() { super(); } }\n", "class C extends B { constructor() { super<any>(); } }\n"),
    ("class C { constructor(x: A) {} }\n", "class C { constructor<T>(x: A) {} }\n"),
    ("class C { constructor(x: A) {} }\n", "class C { constructor(private x: A) {} }\n"),
    ("class C { constructor(x: A) {} }\n", "class C { constructor(readonly x: A) {} }\n"),
    ("class C { constructor(public x: A) {} }\n", "class C { constructor(x: A) {} }\n"),
    ("class C { constructor(x: A) {} }\n", "class C { constructor(protected override x: A) {} }\n"),
    ("class C {}\n", "class C { x: A; }\n"),
    ("class C { x: A; }\n", "class C {}\n"),
    ("class C { x: A; }\n", "class C { declare x: A; }\n"),
    ("class C { declare x: A; }\n", "class C { x: A; }\n"),
    ("class C { x: A = 1; }\n", "class C { static x: A = 1; }\n"),
    ("class C { x: A = 1; }\n", "class C { accessor x: A = 1; }\n"),
    ("class C { x: A = 1; }\n", "class C { #x: A = 1; }\n"),
    ("class C { m() {} }\n", "abstract class C { abstract m(): void }\n"),
    ("class C extends A {}\n", "class C extends B {}\n"),
    ("class C implements A {}\n", "class C extends A {}\n"),
    ("class C extends A<T> {}\n", "class C extends A(T) {}\n"),
    ("@d class C { x: A = 1 }\n", "@d class C { x: B = 1 }\n"),
    ("class C { @d m(a: A) {} }\n", "class C { @d m(a: B) {} }\n"),
    ("class C { constructor(@d a: A) {} }\n", "class C { constructor(@d a: B) {} }\n"),
    ("import { A } from 'a';\nlet x: A = 1;\n", "import type { A } from 'a';\nlet x: A = 1;\n"),
    ("import { A } from 'a';\nlet x: A = 1;\n", "import { type A } from 'a';\nlet x: A = 1;\n"),
    ("import { A } from 'a';\nlet x: A = 1;\n", "import { A, B } from 'a';\nlet x: B = 1;\n"),
    ("import 'a';\nlet x: A = 1;\n", "let x: A = 1;\n"),
    ("import type { A } from 'a';\nlet x: A = 1;\n", "let x: A = 1;\n"),
    ("let x: A = 1;\n", "import type { A } from 'a';\nlet x: A = 1;\n"),
    ("let x = 1;\n", "export interface Q {}\nlet x = 1;\n"),
    ("export type Q = 1;\nlet x = 1;\n", "type Q = 1;\nlet x = 1;\n"),
    ("interface Q {}\nexport { Q };\n", "export { Q };\n"),
    ("interface Q {}\nexport default Q;\n", "export default Q;\n"),
    ("export { A } from 'a';\n", "export type { A } from 'a';\n"),
    ("export * from 'a';\n", "export type * from 'a';\n"),
    ("import A = require('a');\nlet x: A = 1;\n", "import type A = require('a');\nlet x: A = 1;\n"),
    ("import A = N.B;\nlet x: A = 1;\n", "import A = N.C;\nlet x: A = 1;\n"),
    ("export const x: A = 1;\n", "const x: A = 1;\n"),
    ("export = a;\n", "export = b;\n"),
    ("let x: A = 1;\n", "declare global { interface Q {} }\nlet x: A = 1;\n"),
    ("let x: A = 1;\n", "declare module 'a' { export const b: 1 }\nlet x: A = 1;\n"),
    ("declare const a: A;\nlet x = a;\n", "const a: A = 1;\nlet x = a;\n"),
    # comments
    ("let x: A = g();\n", "// @ts-ignore\nlet x: B = g();\n"),
    ("let x: A = g();\n", "// @ts-expect-error\nlet x: B = g();\n"),
    ("// @ts-ignore\nlet x: A = g();\n", "// @ts-ignore\nlet x: B = g();\n"),
    ("let x: A = g();\n", "// @ts-nocheck\nlet x: B = g();\n"),
    ("let x: A = g();\n", '/// <reference types="node" />\nlet x: B = g();\n'),
    ("let x: A = g();\n", "// eslint-disable-next-line\nlet x: B = g();\n"),
    ("let x: A = g();\n", "/* istanbul ignore next */\nlet x: B = g();\n"),
    ("// eslint-disable-next-line\nlet x = 1;\n", "// eslint-disable-next-line\ntype Q = 1;\nlet x = 1;\n"),
    ("/** @jsx h */\nlet x: A = 1;\n", "/** @jsx p */\nlet x: B = 1;\n"),
    ("let x: A = g();\n", "let x: /* @__PURE__ */ B = g();\n"),
    # no TypeScript, or not certain
    ("async function f(): Promise<A> {}\n", "async function f(): Later<A> {}\n"),
    ("const f = async () => a;\n", "const f = async (): Later => a;\n"),
    ("class C { async m(): Promise<A> {} }\n", "class C { async m(): keyof A {} }\n"),
    ("switch (b) { case (a): g() }\n", "switch (b) { case (a: T): g() }\n"),
    ("class C implements A {}\n", "class C implements keyof A {}\n"),
    ("i++;\n", "i as T++;\n"),
    (
        "class C extends B { a = 1; constructor() { super(); } }\n",
        "class C extends B { a = 1; constructor() { type Q = 1; super(); } }\n",
    ),
    ("class C extends B { constructor() { super(); } }\n", "class C extends B { constructor() { super!(); } }\n"),
    ("interface A { a: 1 }\nlet b = 1;\n", "interface A { a: 1; export type { Q } from 'q' }\nlet b = 1;\n"),
    ("g((a: T) => b);\n", "g((a!: T) => b);\n"),
    ("interface A { a: 1 }\nlet b = 1;\n", "interface A { ;a: 1 }\nlet b = 1;\n"),
    ("i = 1;\n", "i as T = 1;\n"),
    ("let x: A = 1;\n", "let x: A | (a: B) => C = 1;\n"),
    ("let x: A = 1;\n", "let x: = 1;\n"),
    ("let x: A = 1;\n", "let x: import('a').B = 1;\n"),
    ("let x = <A>b;\n", "let x = <B>b;\n"),
    ("g<T>;\n", "g<U>;\n"),
    ("g<T>`a`;\n", "g<U>`a`;\n"),
    ("let x: A = 1;\n", "let x: A = 1;\n"),
    ("if (a) type Q = 1;\n", "if (a) type Q = 2;\n"),
]
READERS = [
    {"tsconfig.json": '{"compilerOptions": {"emitDecoratorMetadata": true}}'},
    {"tsconfig.base.json": '{"compilerOptions": {"plugins": [{"transform": "x"}]}}'},
    {"package.json": '{"private": true, "dependencies": {"typia": "1"}}'},
    {"package.json": '{"private": true, "devDependencies": {"ts-patch": "1"}}'},
    {"package.json": '{"private": true, "dependencies": {"@nestjs/swagger": "1"}}'},
    {"package.json": '{"private": true, "dependencies": {"class-validator": "1"}}'},
    {"package.json": '{"private": true, "dependencies": {"reflect-metadata": "1"}}'},
    {"package.json": '{"private": true, "devDependencies": {"ts-json-schema-generator": "1"}}'},
    {"package.json": '{"private": true, "devDependencies": {"tsoa": "1"}}'},
    {"package.json": '{"private": true, "devDependencies": {"assemblyscript": "1"}}'},
    {"package.json": '{"private": true, "dependencies": {"react-native": "1"}}'},
    {"tools/gen.ts": "import ts from 'typescript';\n"},
    {"tools/gen.js": "const { Project } = require('ts-morph');\n"},
    {"src/a.vue": '<script setup lang="ts">defineProps<Props>()</script>\n'},
    {"scripts/lint.sh": "grep -n any src/m.ts\n"},
]


@pytest.mark.requirement("R17")
@pytest.mark.parametrize(("before", "after"), PROVEN, ids=[after[:40] for _, after in PROVEN])
def test_what_is_erased_is_proven_in_both_directions(before: str, after: str) -> None:
    for old, new in ((before, after), (after, before)):
        found = proof_of(old, new)
        assert found.status is ProofStatus.PROVEN, found.why
        assert found.witness


@pytest.mark.requirement("R17", "R25")
@pytest.mark.parametrize(("before", "after"), REFUTED, ids=[f"{n}-{pair[1][:30]}" for n, pair in enumerate(REFUTED)])
def test_what_is_not_only_types_is_not_proven(before: str, after: str) -> None:
    for old, new in ((before, after), (after, before)):
        assert proof_of(old, new).status is not ProofStatus.PROVEN
        assert proof_of(old, new, "src/m.tsx").status is not ProofStatus.PROVEN


@pytest.mark.requirement("R17")
@pytest.mark.parametrize("files", READERS, ids=[next(iter(one.values()))[:50] for one in READERS])
def test_nothing_is_proven_where_the_base_reads_types(files: dict[str, str]) -> None:
    assert proof_of(*PROVEN[2], files=PRIVATE).status is ProofStatus.PROVEN
    assert proof_of(*PROVEN[2], files={**PRIVATE, **files}).status is not ProofStatus.PROVEN


@pytest.mark.requirement("R17")
def test_settings_in_the_same_change_and_a_missing_base_prove_nothing() -> None:
    file = ChangedFile(change=FileChange(path="src/m.ts", before=PROVEN[2][0].encode(), after=PROVEN[2][1].encode()))
    other = ChangedFile(change=FileChange(path="tsconfig.json", before=b"{}", after=b'{"a": 1}'))
    assert PROVER.prove(file, (file, other), BaseTree(files=PRIVATE, known=True), ()).status is not ProofStatus.PROVEN
    assert PROVER.prove(file, (file,), BaseTree(), ()).status is ProofStatus.UNKNOWN


@pytest.mark.requirement("R17", "R25")
def test_a_new_type_of_letters_that_look_like_others_is_not_proven() -> None:
    assert proof_of("let x: A = 1;\n", "let x: \u0410 = 1;\n").status is not ProofStatus.PROVEN
    assert proof_of("let x: A = 1;\n", "let x: '\u0410' = 1;\n").status is not ProofStatus.PROVEN
    assert proof_of("let x: '\u0410' = 1;\n", "let x: A = 1;\n").status is ProofStatus.PROVEN


@pytest.mark.requirement("R17")
def test_files_of_declarations_are_an_interface_and_not_read() -> None:
    for path in ("a.d.ts", "a.d.mts", "a.d.css.ts", "a.js", "a.ts.txt"):
        assert not PROVER.applies(ChangedFile(change=FileChange(path=path, before=b"", after=b"")))


@pytest.mark.requirement("R17", "R25")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("let x: A = g();\n", "let x: any = g();\n"),
        ("let x: A = g();\n", "let x: Promise<any> = g();\n"),
        ("let x: A = g();\n", "let x: unknown = g();\n"),
        ("let x = g();\n", "let x = g()!;\n"),
        ("let x = g();\n", "let x = g() as A;\n"),
        ("let x = g() as A;\n", "let x = g() as unknown as A;\n"),
        ("function f(a: A) {}\n", "function f(a?: A) {}\n"),
        ("interface Q { a: A }\nlet x = 1;\n", "interface Q { a?: A }\nlet x = 1;\n"),
        ("class C { x: A; }\n", "class C { x!: A; }\n"),
    ],
)
def test_where_less_may_be_checked_the_one_person_is_told(before: str, after: str) -> None:
    assert proof_of(before, after).asks is proof_of(after, before).asks is Strictness.ONE
    assert "less may be checked" in proof_of(before, after).why
    assert "less may be checked" not in proof_of(after, before).why


@pytest.mark.requirement("R17", "R25")
@pytest.mark.parametrize(
    "files",
    [
        {},
        {"package.json": "{}"},
        {"package.json": '{"private": "true"}'},
        {"package.json": "[]"},
        {"package.json": "{"},
        {"package.json": '{"private": true}', "src/package.json": '{"name": "x"}'},
    ],
)
def test_of_types_that_others_may_use_the_one_person_is_told(files: dict[str, str]) -> None:
    found = proof_of(*PROVEN[2], files=files)
    assert (found.status, found.asks) == (ProofStatus.PROVEN, Strictness.ONE)
    assert "package" in found.why
