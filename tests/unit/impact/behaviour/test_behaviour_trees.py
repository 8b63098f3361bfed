"""What a change of JavaScript, TypeScript, Go, Java and Rust does to a running system, by name (R29)."""

from __future__ import annotations

import pytest
from world.behaviour_world import Told, told

CASES: list[tuple[str, str, str, str, list[Told]]] = [
    ("js default", "a.js", "export function f(a, b = 3) { return g(a, b); }\n", "export function f(a, b = 4) { return g(a, b); }\n",
     [("default", "default of `b` in `f`", "3", "4")]),
    ("js route", "a.js", "app.get('/a', h);\n", "app.post('/a', h);\n", [("route", "`/a`", "GET", "POST")]),
    ("js route is gone", "a.js", "app.get('/a', h);\napp.get('/b', h);\n", "app.get('/b', h);\n", [("route", "`/a`", "GET", None)]),
    ("js constant", "a.js", "const timeout = 30;\n", "const timeout = 300;\n", [("limit", "`timeout`", "30", "300")]),
    ("js setting of a call", "a.js", "const c = axios.create({ timeout: 30 });\n", "const c = axios.create({ timeout: 300 });\n",
     [("limit", "`timeout` of `axios.create`", "30", "300")]),
    ("js throw", "a.js", "function f(x) { if (x > 1) { throw new Error('a'); } return g(x); }\n", "function f(x) { if (x > 2) { throw new Error('a'); } return g(x); }\n",
     [("exit", "`throw` in `f`", "throw new Error('a') when x > 1", "throw new Error('a') when x > 2")]),
    ("js catch is gone", "a.js", "function f() { try { g(); } catch (e) { h(); } }\n", "function f() { g(); }\n",
     [("exit", "error handling in `f`", "catch", None)]),
    ("js process exit", "a.js", "function f() { process.exit(1); }\n", "function f() { process.exit(0); }\n",
     [("exit", "`process.exit` in `f`", "process.exit(1)", "process.exit(0)")]),
    ("js status", "a.js", "function f(q, res) { res.status(404).end(); }\n", "function f(q, res) { res.status(500).end(); }\n",
     [("exit", "`res.status` in `f`", "res.status(404)", "res.status(500)")]),
    ("js flag", "a.js", "const o = { cache: true };\n", "const o = { cache: false };\n", [("flag", "`cache` of `o`", "true", "false")]),
    ("js fallback", "a.js", "function f(o) { const n = o.n ?? 3; return g(n); }\n", "function f(o) { const n = o.n ?? 5; return g(n); }\n",
     [("default", "`n` in `f`", "o.n ?? 3", "o.n ?? 5")]),
    ("ts field of an interface", "a.ts", "export interface I { a: string }\n", "export interface I { a: string; b?: number }\n",
     [("schema", "field `I.b`", None, "b?: number")]),
    ("ts parameter", "a.ts", "export function f(a: string): void { g(a); }\n", "export function f(a: number): void { g(a); }\n",
     [("signature", "`f`", "f(a: string): void", "f(a: number): void")]),
    ("ts arrow", "a.ts", "export const f = (a: string) => g(a);\n", "export const f = (a: string, b: string) => g(a);\n",
     [("signature", "`f`", "f(a: string)", "f(a: string, b: string)")]),
    ("ts route of a controller", "a.ts", "export class C { @Get('/a') m() { return g(); } }\n", "export class C { @Get('/b') m() { return g(); } }\n",
     [("route", "`/a` in `C.m`", "GET", None), ("route", "`/b` in `C.m`", None, "GET")]),
    ("go constant", "a.go", "package a\nconst MaxSize = 3\n", "package a\nconst MaxSize = 4\n", [("limit", "`MaxSize`", "3", "4")]),
    ("go timeout", "a.go", "package a\nvar c = http.Client{Timeout: 3 * time.Second}\n", "package a\nvar c = http.Client{Timeout: 30 * time.Second}\n",
     [("limit", "`Timeout` of `c`", "3 * time.Second", "30 * time.Second")]),
    ("go name on the wire", "a.go", 'package a\ntype S struct {\n\tA int `json:"a"`\n}\n', 'package a\ntype S struct {\n\tA int `json:"b"`\n}\n',
     [("schema", "field `S.A`", 'A int `json:"a"`', 'A int `json:"b"`')]),
    ("go route", "a.go", 'package a\nfunc f(r *R) { r.GET("/a", h) }\n', 'package a\nfunc f(r *R) { r.POST("/a", h) }\n', [("route", "`/a`", "GET", "POST")]),
    ("go early return", "a.go", "package a\nfunc f() error {\n\tif err := g(); err != nil {\n\t\treturn err\n\t}\n\treturn nil\n}\n", "package a\nfunc f() error {\n\tg()\n\treturn nil\n}\n",
     [("exit", "early return in `f`", "return err when err != nil", None)]),
    ("go exit", "a.go", "package a\nfunc f() { os.Exit(1) }\n", "package a\nfunc f() { os.Exit(2) }\n", [("exit", "`os.Exit` in `f`", "os.Exit(1)", "os.Exit(2)")]),
    ("go signature", "a.go", "package a\nfunc F(a int) error { return g(a) }\n", "package a\nfunc F(a, b int) error { return g(a) }\n",
     [("signature", "`F`", "F(a int): error", "F(a, b int): error")]),
    ("java constant", "A.java", "class A { static final int MAX_SIZE = 5; }\n", "class A { static final int MAX_SIZE = 6; }\n", [("limit", "`MAX_SIZE` in `A`", "5", "6")]),
    ("java column", "A.java", 'class A { @Column(name = "x") int b; }\n', 'class A { @Column(name = "y") int b; }\n',
     [("schema", "field `A.b`", '@Column(name = "x") int b', '@Column(name = "y") int b')]),
    ("java route", "A.java", 'class A { @GetMapping("/x") public int f() { return 1; } }\n', 'class A { @PostMapping("/x") public int f() { return 1; } }\n',
     [("route", "`/x` in `A.f`", "GET", "POST")]),
    ("java throw", "A.java", "class A { void f(int a) { if (a > 1) { throw new E(); } g(); } }\n", "class A { void f(int a) { g(); } }\n",
     [("exit", "`throw` in `A.f`", "throw new E() when a > 1", None)]),
    ("java guard is gone", "A.java", 'public class A { @PreAuthorize("x") public int f() { return 1; } }\n', "public class A { public int f() { return 1; } }\n",
     [("signature", "mark `@PreAuthorize` in `A.f`", '@PreAuthorize("x")', None)]),
    ("java setter", "A.java", "class A { void f(C c) { c.setReadTimeout(5); } }\n", "class A { void f(C c) { c.setReadTimeout(50); } }\n",
     [("limit", "`c.setReadTimeout()` in `A.f`", "5", "50")]),
    ("rust constant", "a.rs", "pub const MAX_SIZE: usize = 3;\n", "pub const MAX_SIZE: usize = 4;\n", [("limit", "`MAX_SIZE`", "3", "4")]),
    ("rust field", "a.rs", "pub struct S { pub a: u8 }\n", "pub struct S { pub a: u16 }\n", [("schema", "field `S.a`", "pub a: u8", "pub a: u16")]),
    ("rust name on the wire", "a.rs", '#[serde(rename = "a")]\npub struct S { a: u8 }\n', '#[serde(rename = "b")]\npub struct S { a: u8 }\n',
     [("schema", "mark `#[serde]`", '#[serde(rename = "a")]', '#[serde(rename = "b")]')]),
    ("rust route", "a.rs", '#[get("/a")]\nfn f() -> u8 { 1 }\n', '#[post("/a")]\nfn f() -> u8 { 1 }\n', [("route", "`/a`", "GET", "POST")]),
    ("rust panic", "a.rs", 'fn f() { panic!("a"); }\n', "fn f() { g(); }\n", [("exit", "`panic!` in `f`", 'panic!("a")', None)]),
    ("rust question mark", "a.rs", "fn f() -> R { g()?; h() }\n", "fn f() -> R { g(); h() }\n", [("exit", "early return on error (`?`) in `f`", "g()?", None)]),
    ("rust signature", "a.rs", "pub fn f(a: u8) -> u8 { a }\n", "pub fn f(a: u16) -> u8 { a }\n", [("signature", "`f`", "f(a: u8): u8", "f(a: u16): u8")]),
]  # fmt: skip
NOT_NAMED = [
    ("js local", "a.js", "function f(x) { const a = 1; return x + a; }\n", "function f(x) { const b = 1; return x + b; }\n"),
    ("js not exported", "a.js", "function f(x) { return g(x); }\n", "function f(x, y) { return g(x); }\n"),
    ("js asks a server", "a.js", "function f() { return axios.get('/a', o); }\n", "function f() { return axios.get('/b', o); }\n"),
    ("js last return", "a.js", "function f(x) { return x + 1; }\n", "function f(x) { return x + 2; }\n"),
    ("go not exported", "a.go", "package a\nfunc f(a int) { g(a) }\n", "package a\nfunc f(a, b int) { g(a) }\n"),
    ("go local", "a.go", "package a\nfunc f() { x := 5; g(x) }\n", "package a\nfunc f() { x := 6; g(x) }\n"),
    ("go field that only its package sees", "a.go", "package a\ntype s struct {\n\tb int\n}\n", "package a\ntype s struct {\n\tc int\n}\n"),
    ("go method of a type that only its package sees", "a.go", "package a\nfunc (s *s) F(a int) { g(a) }\n", "package a\nfunc (s *s) F(a, b int) { g(a) }\n"),
    ("rust test", "a.rs", "mod tests { pub fn f() { assert!(g()); } }\n", "mod tests { pub fn f(a: u8) { assert!(h()); } }\n"),
    ("rust closure", "a.rs", "fn f(x: X) -> u8 { let a = x.map(|| h(1)); a.g() }\n", "fn f(x: X) -> u8 { let a = x.map(|| h(2)); a.g() }\n"),
    ("ts comment among parameters", "a.ts", "export function f(a: { /** x */ b: number }) { return a.b + 1; }\n", "export function f(a: { /** y */ b: number }) { return a.b + 2; }\n"),
    ("java private", "A.java", "class A { private int f(int a) { return a; } }\n", "class A { private int f(int a, int b) { return a; } }\n"),
    ("rust private", "a.rs", "fn f(a: u8) -> u8 { a }\n", "fn f(a: u16) -> u8 { a }\n"),
    ("rust arithmetic", "a.rs", "pub fn f(a: u8) -> u8 { a + 1 }\n", "pub fn f(a: u8) -> u8 { a + 2 }\n"),
    ("does not parse", "a.ts", "let x = = y;\n", "let x = = z;\n"),
]  # fmt: skip


@pytest.mark.requirement("R29")
@pytest.mark.parametrize(
    ("name", "before", "after", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_programs_are_named(name: str, before: str, after: str, expected: list[Told]) -> None:
    assert told(f"src/{name}", before, after) == expected


@pytest.mark.requirement("R29")
@pytest.mark.parametrize(
    ("name", "before", "after"), [case[1:] for case in NOT_NAMED], ids=[case[0] for case in NOT_NAMED]
)
def test_what_has_no_name_in_a_program_is_other(name: str, before: str, after: str) -> None:
    assert [kind for kind, *_ in told(f"src/{name}", before, after)] == ["other"]
