"""What a change of settings, tables, interfaces and other languages does to a running system, by name (R29)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world.behaviour_world import Told, entries, told

from magistrate.impact.base import changed_lines

CASES: list[tuple[str, str, str, str, list[Told]]] = [
    ("yaml limit", "a.yaml", "a:\n  timeout: 3\n", "a:\n  timeout: 30\n", [("limit", "`a.timeout`", "3", "30")]),
    ("yaml switch", "a.yaml", "a:\n  debug: false\n", "a:\n  debug: true\n", [("flag", "`a.debug`", "false", "true")]),
    ("yaml element of a list by its name", "a.yaml", "c:\n- name: x\n  image: i:1\n- name: y\n  image: i:1\n", "c:\n- name: x\n  image: i:1\n- name: y\n  image: i:2\n",
     [("default", "`c[y].image`", "i:1", "i:2")]),
    ("yaml resource limit", "a.yaml", "limits:\n  cpu: 1\n", "limits:\n  cpu: 2\n", [("limit", "`limits.cpu`", "1", "2")]),
    ("yaml action", "a.yaml", "steps:\n- uses: a/b@v1\n", "steps:\n- uses: a/b@v2\n", [("default", "`steps[a/b].uses`", "a/b@v1", "a/b@v2")]),
    ("yaml of two documents", "a.yaml", "kind: A\nmetadata: {name: x}\nspec: {replicas: 1}\n---\nkind: B\nmetadata: {name: y}\n", "kind: A\nmetadata: {name: x}\nspec: {replicas: 2}\n---\nkind: B\nmetadata: {name: y}\n",
     [("limit", "`A/x.spec.replicas`", "1", "2")]),
    ("yaml part that is new", "a.yaml", "a: 1\n", "a: 1\nb:\n  c: 2\n  d: 3\n", [("default", "`b`", None, "c: 2, d: 3")]),
    ("yaml scalar in a list", "a.yaml", "a: [x, y]\n", "a: [x, z]\n", [("default", "`a[]`", "y", "z")]),
    ("json", "a.json", '{"a": {"maxRetries": 3}}\n', '{"a": {"maxRetries": 4}}\n', [("limit", "`a.maxRetries`", "3", "4")]),
    ("json with comments", "tsconfig.json", '{"a": true} // x\n', '{"a": false} // x\n', [("flag", "`a`", "true", "false")]),
    ("json dependency", "package.json", '{"dependencies": {"a": "^1.0.0"}}\n', '{"dependencies": {"a": "^2.0.0"}}\n',
     [("other", "dependency `dependencies.a`", "^1.0.0", "^2.0.0")]),
    ("json schema", "a.schema.json", '{"properties": {"a": {"type": "string"}}}\n', '{"properties": {"a": {"type": "integer"}}}\n',
     [("schema", "`properties.a.type`", "string", "integer")]),
    ("toml", "a.toml", "[a]\nttl = 3\n", "[a]\nttl = 4\n", [("limit", "`a.ttl`", "3", "4")]),
    ("toml key is gone", "a.toml", "[a]\nttl = 3\nb = 'x'\n", "[a]\nb = 'x'\n", [("limit", "`a.ttl`", "3", None)]),
    ("openapi route", "openapi.yaml", "openapi: 3.0.0\npaths:\n  /a:\n    get: {}\n", "openapi: 3.0.0\npaths:\n  /a:\n    get: {}\n    post: {}\n",
     [("route", "`/a`", None, "POST"), ("schema", "`paths./a.post`", None, "{}")]),
    ("openapi field", "openapi.yaml", "openapi: 3.0.0\ncomponents:\n  a: string\n", "openapi: 3.0.0\ncomponents:\n  a: integer\n", [("schema", "`components.a`", "string", "integer")]),
    ("env", "conf/app.properties", "a.timeout=3\nb=x\n", "a.timeout=30\nb=x\n", [("limit", "`a.timeout`", "3", "30")]),
    ("ini", "a.ini", "[a]\nname = x\n", "[a]\nname = y\n", [("default", "`name`", "x", "y")]),
    ("dockerfile", "Dockerfile", 'FROM a:1\nCMD ["x"]\n', 'FROM a:2\nCMD ["x"]\n', [("default", "`FROM`", "a:1", "a:2")]),
    ("dockerfile variable", "Dockerfile", "FROM a:1\nENV MAX_SIZE=1\n", "FROM a:1\nENV MAX_SIZE=2\n", [("limit", "`MAX_SIZE`", "1", "2")]),
    ("terraform", "main.tf", 'resource "a" "b" {\n  timeout = 3\n}\n', 'resource "a" "b" {\n  timeout = 30\n}\n', [("limit", "`timeout`", "3", "30")]),
    ("sql column", "a.sql", "create table a (\n  b int\n);\n", "create table a (\n  b bigint\n);\n", [("schema", "column `b`", "int", "bigint")]),
    ("sql table is dropped", "a.sql", "select 1;\n", "select 1;\ndrop table a;\n", [("schema", "`drop table a;`", None, "drop table a;")]),
    ("protobuf", "a.proto", "message A {\n  string a = 1;\n}\n", "message A {\n  string a = 2;\n}\n", [("schema", "field `a`", "string = 1;", "string = 2;")]),
    ("graphql", "a.graphql", "type A {\n  b: Int\n}\n", "type A {\n  b: Int!\n}\n", [("schema", "field `b`", "Int", "Int!")]),
    ("ruby", "a.rb", "TIMEOUT = 3\n", "TIMEOUT = 30\n", [("limit", "`TIMEOUT`", "3", "30")]),
    ("ruby raise", "a.rb", "def f\n  raise A, 'x'\nend\n", "def f\n  raise B, 'x'\nend\n", [("exit", "`raise`", "raise A, 'x'", "raise B, 'x'")]),
    ("rails route", "routes.rb", "get '/a', to: 'a'\n", "get '/a', to: 'a'\npost '/b', to: 'b'\n", [("route", "`/b`", None, "POST")]),
    ("rails migration", "a.rb", "class A\nend\n", "class A\n  remove_column :t, :c\nend\n", [("schema", "`remove_column :t :c`", None, "remove_column :t, :c")]),
    ("php route", "a.php", "Route::get('/a', 'x');\n", "Route::delete('/a', 'x');\n", [("route", "`/a`", "GET", "DELETE")]),
    ("c constant", "a.c", "#define MAX_LEN 10\n", "#define MAX_LEN 20\n", [("limit", "`MAX_LEN`", "10", "20")]),
    ("c function", "a.c", "int f(int a) {\n  return a;\n}\n", "int f(int a, int b) {\n  return a;\n}\n", [("signature", "`f`", "f(int a)", "f(int a, int b)")]),
    ("c# route", "A.cs", '[HttpGet("a")]\nint x;\n', '[HttpPost("a")]\nint x;\n', [("route", "`a`", "GET", "POST")]),
    ("kotlin", "A.kt", "fun f(a: Int) = 1\n", "fun f(a: Long) = 1\n", [("signature", "`f`", "f(a: Int) = 1", "f(a: Long) = 1")]),
    ("nginx", "nginx.conf", "proxy_read_timeout 60s;\n", "proxy_read_timeout 90s;\n", [("limit", "`proxy_read_timeout`", "60s", "90s")]),
    ("shell exit", "a.sh", "x\nexit 1\n", "x\nexit 0\n", [("exit", "`exit`", "exit 1", "exit 0")]),
    ("go module", "go.mod", "module a\n\nrequire b/c v1.0.0\n", "module a\n\nrequire b/c v1.1.0\n", [("other", "dependency `b/c`", "v1.0.0", "v1.1.0")]),
]  # fmt: skip
NOT_NAMED = [
    ("page", "README.md", "# A\n\ntimeout = 3\n", "# A\n\n<script>timeout = 30</script>\n"),
    ("style", "a.css", "a { width: 3px }\n", "a { width: 4px }\n"),
    ("lock", "package-lock.json", '{"a": 1}\n', '{"a": 2}\n'),
    ("ruby without a name", "a.rb", "x = foo(y)\n", "x = bar(y)\n"),
    ("private ruby", "a.rb", "def _f(a)\nend\n", "def _f(b)\nend\n"),
    ("a name that begins like an exit", "a.c", "  g(exitcode, b);\n", "  g(exitcode, c);\n"),
    ("a word in quotes", "a.php", "$a = 'throw x' . f(1);\n", "$a = 'throw x' . f(2);\n"),
    ("c without a name", "a.c", "  a = b + c;\n", "  a = b - c;\n"),
    ("yaml that does not parse", "a.yaml", "a: [x\nq q\n", "a: [y\nq r\n"),
]


@pytest.mark.requirement("R29")
@pytest.mark.parametrize(
    ("path", "before", "after", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_settings_and_lines_are_named(path: str, before: str, after: str, expected: list[Told]) -> None:
    assert told(path, before, after) == expected


@pytest.mark.requirement("R29")
@pytest.mark.parametrize(
    ("path", "before", "after"), [case[1:] for case in NOT_NAMED], ids=[case[0] for case in NOT_NAMED]
)
def test_what_has_no_name_there_is_other(path: str, before: str, after: str) -> None:
    assert [one[:1] + one[2:] for one in told(path, before, after)] == [("other", None, None)]


@pytest.mark.requirement("R29")
@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("a.yaml", "a: [x, y]\nb: 1\n", "b: 1\na: [y, x]\n"),
        ("a.json", '{"a": 1, "b": {"c": 2}}\n', '{"b": {"c": 2}, "a": 1}\n'),
        ("a.toml", "a = 1\nb = 2\n", "b = 2\na = 1\n"),
    ],
)
def test_an_order_that_nothing_names_is_other_and_not_a_setting(path: str, before: str, after: str) -> None:
    assert [kind for kind, *_ in told(path, before, after)] == ["other"]


@pytest.mark.requirement("R29")
def test_lines_of_json_are_found_in_its_text() -> None:
    before = '{\n  "a": {\n    "ttl": 1\n  },\n  "b": 2\n}\n'
    found = entries("a.json", before, before.replace('"ttl": 1', '"ttl": 5').replace('"b": 2', '"b": 3'))
    assert [(one.why, one.line) for one in found] == [("`a.ttl`", 3), ("`b`", 5)]


@pytest.mark.requirement("R29")
def test_lines_of_yaml_count_through_documents() -> None:
    found = entries("a.yaml", "a: 1\n---\nb: 1\nc: 2\n", "a: 1\n---\nb: 1\nc: 3\n")
    assert [(one.why, one.line) for one in found] == [("`document 1.c`", 4)]


@pytest.mark.requirement("R29")
def test_an_alias_is_not_followed() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"b{n}: &b{n} [*{'a' if not n else f'b{n - 1}'}, *{'a' if not n else f'b{n - 1}'}]\n" for n in range(60)
    )
    assert told("x.yaml", bomb + "timeout: 1\n", bomb + "timeout: 2\n") == [("limit", "`timeout`", "1", "2")]


NAMES = st.sampled_from(["a", "ab", "b", "bc", "1"])
VALUES = st.sampled_from(["a", "b", "1", "12", "ab", "x y"])


@pytest.mark.requirement("R29")
@given(before=st.dictionaries(NAMES, VALUES, min_size=1), after=st.dictionaries(NAMES, VALUES, min_size=1))
def test_a_value_stands_on_the_first_changed_line_that_has_key_and_value(
    before: dict[str, str], after: dict[str, str]
) -> None:
    old, new = (json.dumps(side, indent=0) for side in (before, after))
    for one in entries("a.json", old, new):
        if one.kind == "other":
            continue
        side, text, value = (new, after, one.after) if one.after is not None else (old, before, one.before)
        lines = [(line.number, line.text) for line in changed_lines(old, new) if line.added is (side is new)]
        key = one.why.strip("`")
        both = next((number for number, line in lines if key in line and text[key] in line), 0)
        named = next((number for number, line in lines if key in line), 0)
        assert value == text[key]
        assert one.line == (both or named or next((number for number, line in lines if text[key] in line), 0))
