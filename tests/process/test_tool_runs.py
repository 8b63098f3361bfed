"""Each tool in the sandbox: what it makes, that files are proven one by one, and what a missing one costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.bootstrap.tools import found_tools
from magistrate.usecases.assess import Assessor
from magistrate.usecases.evidence import RUNNERS, Tool, make_runs, program
from magistrate.wire.canonical import digest

TOOLS = found_tools()
BLACK_BASE = {"pyproject.toml": "[tool.black]\nline-length = 100\n"}
OLD, NEW = "def f():\n    '''  Says.  '''\n", 'def f():\n    """Says."""\n'
SAMPLES = {
    "black": ("a.py", OLD, NEW, BLACK_BASE),
    "ruff-format": ("a.py", OLD, NEW, {}),
    "ruff-fix": ("a.py", "import os\n\nx = f'a'\n", "\nx = 'a'\n", {}),
    "clang-format": ("a.c", "int  x ;\n", "int x;\n", {".clang-format": "BasedOnStyle: LLVM\n"}),
    "shfmt": ("a.sh", "if a\nthen\nb\nfi\n", "if a; then\n b\nfi\n", {".editorconfig": "root = true\n[*]\nindent_style = space\nindent_size = 1\n"}),
    "taplo": ("a.toml", "a = [1,2,]\n", "a = [ 1, 2 ]\n", {"taplo.toml": "[formatting]\ncompact_arrays = false\n"}),
    "gofmt": ("a.go", "package  a\n", "package a\n", {}),
    "rustfmt-2015": ("a.rs", "fn  f( ){}\n", "fn f() {}\n", {}),
    "rustfmt-2018": ("a.rs", "fn  f( ){}\n", "fn f() {}\n", {}),
    "rustfmt-2021": ("a.rs", "fn  f( ){ g(async {1}) }\n", "fn f() {\n  g(async { 1 })\n}\n", {"rustfmt.toml": "tab_spaces = 2\n"}),
    "rustfmt-2024": ("a.rs", "fn  f( ){}\n", "fn f() {}\n", {}),
    "prettier": ("src/a.ts", "a( 'x' )\n", "a('x')\n", {".prettierrc": "singleQuote: true\nsemi: false\n"}),
}  # fmt: skip


def want(tool: str, path: str, sides: dict[str, str]) -> dict[str, Any]:
    inputs = [{"path": name, "sha256": digest(text.encode())[7:]} for name, text in sides.items()]
    return {"tool": tool, "path": path, "inputs_digest": "named", "inputs": inputs}


def case(files: dict[str, tuple[str, str]], base: dict[str, str]) -> dict[str, Any]:
    entries = [{"path": path, "before": old, "after": new} for path, (old, new) in files.items()]
    context = {**base, **{path: old for path, (old, _) in files.items()}}
    return {"id": "a", "files": entries, "context": {"files": context, "complete": True}}


def needs(tool: str) -> None:
    if RUNNERS[tool].program not in TOOLS:
        pytest.skip(f"tool of the operator absent: {RUNNERS[tool].program}")


@pytest.mark.slow
@pytest.mark.requirement("R21")
@pytest.mark.parametrize("tool", [tool for tool in RUNNERS if tool in SAMPLES])
def test_each_tool_runs_behind_the_walls_under_its_configuration(tool: str) -> None:
    needs(tool)
    path, old, new, base = SAMPLES[tool]
    runs, notes = make_runs(
        open_sandbox(), TOOLS, case({path: (old, new)}, base), [want(tool, path, {path: old, **base})]
    )
    assert (notes, [run.output.decode() for run in runs]) == ((), [new])
    assert runs[0].tool_digest == TOOLS[RUNNERS[tool].program].digest


@pytest.mark.requirement("R21")
def test_every_formatter_has_its_sample() -> None:
    assert {tool for tool, runner in RUNNERS.items() if runner.program != "pytest"} >= set(SAMPLES)
    assert {RUNNERS[tool].program for tool in SAMPLES} == {
        "black",
        "clang-format",
        "gofmt",
        "prettier",
        "ruff",
        "rustfmt",
        "shfmt",
        "taplo",
    }


@pytest.mark.slow
@pytest.mark.requirement("R21")
def test_a_part_of_the_tools_edits_is_proven_file_by_file() -> None:
    assessor = Assessor(sandbox=open_sandbox(), tools=TOOLS)
    base = {**BLACK_BASE, "left.py": OLD}
    whole = assessor.of_case(case({"a.py": (OLD, NEW), "b.py": (OLD, NEW)}, base)).verdict
    assert whole["auto_eligible"] is True
    torn = assessor.of_case(case({"a.py": (OLD, NEW), "b.py": (OLD + "#x = 1\n", NEW + "# y = 1\n")}, base)).verdict
    assert torn["auto_eligible"] is False
    classes = {file["path"]: file["class"] for file in torn["files"]}
    assert classes["a.py"] == {file["path"]: file["class"] for file in whole["files"]}["a.py"]
    assert classes["b.py"] not in {"lint", "formatting"}


@pytest.mark.slow
@pytest.mark.requirement("R21", "R25")
def test_a_tool_that_fails_or_lies_about_its_walls_proves_nothing(tmp_path: Path) -> None:
    path, old, new, base = SAMPLES["black"]
    asked = [want("black", path, {path: "def (\n", **base})]
    runs, notes = make_runs(open_sandbox(), TOOLS, case({path: ("def (\n", new)}, base), asked)
    assert (runs, notes) == ((), ("`black` gave no answer for 1 file",))
    closed = Tool(start=("/nowhere",), shown=(tmp_path / "nothing",), measured=())
    runs, notes = make_runs(
        open_sandbox(), {"black": closed}, case({path: (old, new)}, base), [want("black", path, {path: old, **base})]
    )
    assert runs == ()
    assert notes


@pytest.mark.requirement("R21")
def test_a_missing_tool_says_what_it_cost_and_what_to_do() -> None:
    asked = [want("black", path, {}) for path in ("a.py", "b.py", "a.py")] + [
        want("gofmt", "a.go", {}),
        want("future", "a.x", {}),
    ]
    runs, notes = make_runs(open_sandbox(), {}, {"files": []}, asked)
    assert runs == ()
    assert notes == (
        "2 files could be proven by `black`, which is not here: pip install 'magistrate[formatters]'",
        "1 file could be proven by `future`, which is not here",
        "1 file could be proven by `gofmt`, which is not here: it comes with Go, on the PATH of who runs this",
    )


@pytest.mark.requirement("R21")
def test_an_input_with_another_digest_is_no_input() -> None:
    path, old, new, base = SAMPLES["ruff-format"]
    runs, notes = make_runs(
        open_sandbox(), TOOLS, case({path: (old, new)}, base), [want("ruff-format", path, {path: old + " "})]
    )
    assert runs == ()
    assert notes


@pytest.mark.requirement("R21")
def test_the_digest_of_a_tool_names_every_file(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"1")
    two.write_bytes(b"2")
    assert program(one).digest == digest(b"1")
    both = Tool(start=(), shown=(), measured=(("one", one), ("two", two)))
    first = both.digest
    two.write_bytes(b"22")
    assert both.digest != first


@pytest.mark.requirement("R21")
def test_a_tool_is_never_taken_from_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("repo/bin", "repo/node_modules/.bin", "open", "own"):
        place = tmp_path / folder
        place.mkdir(parents=True)
        (place / "gofmt").write_bytes(b"\x7fELF")
        (place / "gofmt").chmod(0o755)
    (tmp_path / "repo/.git").mkdir()
    (tmp_path / "open").chmod(0o777)
    monkeypatch.chdir(tmp_path / "repo")
    named = [str(tmp_path / "repo/bin"), "bin", str(tmp_path / "repo/node_modules/.bin"), str(tmp_path / "open")]
    monkeypatch.setenv("PATH", ":".join(named))
    assert "gofmt" not in found_tools()
    monkeypatch.setenv("PATH", ":".join([*named, str(tmp_path / "own")]))
    assert found_tools()["gofmt"].start == (str(tmp_path / "own/gofmt"),)
