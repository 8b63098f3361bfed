"""Print each requirement with the tests that prove it and the sabotage that they notice.

A test claims a requirement with `@pytest.mark.requirement("R53")` or by `pytestmark` in its module.
Without a test a requirement is open; without a sabotage its tests are unproven themselves.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from switches import read_switches

ROOT = Path(__file__).resolve().parent.parent
LISTED = Path(__file__).with_suffix(".toml")
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def claims(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Every (requirement, test name) in one test module."""
    general = [name for node in tree.body if _is_pytestmark(node) for name in _marks(node)]
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        shared = (
            [name for mark in node.decorator_list for name in _marks(mark)] if isinstance(node, ast.ClassDef) else []
        )
        for test in inner:
            if isinstance(test, FUNCTIONS) and test.name.startswith("test"):
                own = [name for mark in test.decorator_list for name in _marks(mark)]
                for name in {*general, *shared, *own}:
                    yield name, test.name


def _is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets)


def _marks(node: ast.AST) -> list[str]:
    return [
        str(argument.value)
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "requirement"
        for argument in call.args
        if isinstance(argument, ast.Constant)
    ]


def main() -> int:
    """Print the table; always 0, since an open requirement is work to do and no error."""
    proofs: Counter[str] = Counter()
    files: dict[str, set[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for requirement, _ in claims(ast.parse(path.read_text())):
            proofs[requirement] += 1
            files.setdefault(requirement, set()).add(path.stem.removeprefix("test_"))
    sabotaged = Counter(name for switch in read_switches() for name in switch.requirements)
    listed = 0
    for area in tomllib.loads(LISTED.read_text())["area"]:
        print(f"\n{area['title']}")
        for entry in area["requirements"]:
            listed += 1
            print(_line(entry, proofs[entry["id"]], sabotaged[entry["id"]], files.get(entry["id"], set())))
    covered = sum(1 for name in proofs if sabotaged[name])
    print(f"\n{len(proofs)} of {listed} carry tests, {covered} of these a sabotage that the tests notice.")
    return 0


def _line(entry: dict[str, str], tests: int, switches: int, files: set[str]) -> str:
    if not tests:
        return f"  {entry['id']:<4} open      {entry['title']}"
    state = f"{tests} test{'s' * (tests > 1)}"
    mark = f", {switches} sabotaged" if switches else ", no sabotage"
    return f"  {entry['id']:<4} {state:<9} {entry['title']}{mark}  [{', '.join(sorted(files))}]"


if __name__ == "__main__":
    sys.exit(main())
