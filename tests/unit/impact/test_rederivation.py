"""Each family of tools by itself: which configuration it takes, what it refuses, what it keeps."""

from __future__ import annotations

import pytest

from magistrate.domain.impact import ChangeClass, Evidence, FileChange, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.provers.rederivation import PROVERS, Rederivation
from magistrate.impact.rederivation.family import may_be_ignored, may_match
from magistrate.impact.rederivation.known import FAMILIES
from magistrate.usecases.evidence import RUNNERS

BY_RULE = {family.rule: family for family in FAMILIES}
BASE = {"pyproject.toml": "[tool.black]\n"}
OLD, NEW = "def f():\n    '''  Says.  '''\n", 'def f():\n    """Says."""\n'


def changed(path: str, before: str = OLD, after: str = NEW) -> ChangedFile:
    return ChangedFile(change=FileChange(path=path, before=before.encode(), after=after.encode()))


def prover(rule: str) -> Rederivation:
    return next(one for one in PROVERS if one.name == rule)


@pytest.mark.requirement("R21")
@pytest.mark.parametrize(
    ("rule", "path", "files"),
    [
        ("ruff-format/1", "a.py", {"ruff.toml": "extend = 'x'"}),
        ("ruff-fix/1", "a.py", {"pyproject.toml": "[tool.ruff]\nunsafe-fixes = true"}),
        ("ruff-fix/1", "a.py", {".ruff.toml": "not toml"}),
        ("black/1", "a.py", {"pyproject.toml": "[tool.black]\nfast = true"}),
        ("black/1", "made/a.py", {"pyproject.toml": "[tool.black]\nexclude = 'made'"}),
        ("rustfmt/1", "a.rs", {"rustfmt.toml": "ignore = ['a.rs']"}),
        ("rustfmt/1", "a.rs", {"rustfmt.toml": "", ".rustfmt.toml": ""}),
        ("rustfmt/1", "a.rs", {"rustfmt.toml": "normalize_comments = true"}),
        ("prettier/1", "a.js", {".prettierrc": '{"plugins": []}'}),
        ("prettier/1", "a.js", {".prettierrc": "overrides:\n  - files: x"}),
        ("prettier/1", "a.js", {".prettierrc.js": ""}),
        ("prettier/1", "a.js", {".prettierrc": "{}", "prettier.config.mjs": ""}),
        ("prettier/1", "a.js", {"package.json": '{"prettier": "shared"}'}),
        ("prettier/1", "a.js", {".prettierrc": "{}", ".prettierignore": "a.js"}),
        ("clang-format/1", "a.c", {".clang-format": "BasedOnStyle: InheritParentConfig"}),
        ("clang-format/1", "a.c", {".clang-format": "BasedOnStyle: LLVM", ".clang-format-ignore": "*.c"}),
        ("shfmt/1", "a.sh", {".editorconfig": "[*]\nsimplify = true"}),
        ("shfmt/1", "b/a.sh", {"b/.editorconfig": "[*]\nignore = yes"}),
        ("taplo/1", "a.toml", {"taplo.toml": "include = ['b']"}),
        ("taplo/1", "poetry.lock.toml", {}),
    ],
)
def test_what_is_more_than_how_lines_look_refuses(rule: str, path: str, files: dict[str, str]) -> None:
    assert BY_RULE[rule].objection(path, BaseTree(files=files, known=True)) is not None


@pytest.mark.requirement("R21")
@pytest.mark.parametrize(
    ("rule", "path", "files", "taken"),
    [
        (
            "ruff-format/1",
            "a/b.py",
            {"ruff.toml": "", "a/.ruff.toml": "", "a/pyproject.toml": "[tool.ruff]"},
            ("a/.ruff.toml",),
        ),
        ("black/1", "a/b.py", {"pyproject.toml": "[tool.black]", "a/pyproject.toml": "[project]"}, ("pyproject.toml",)),
        ("rustfmt/1", "a/b.rs", {"a/rustfmt.toml": "max_width = 90", "rustfmt.toml": ""}, ("a/rustfmt.toml",)),
        ("prettier/1", "a/b.ts", {".prettierrc": "semi: false", ".editorconfig": ""}, (".editorconfig", ".prettierrc")),
        (
            "prettier/1",
            "a/b.ts",
            {"package.json": '{"prettier": {"semi": true}}', "a/package.json": "{}"},
            ("package.json",),
        ),
        ("clang-format/1", "a/b.c", {".clang-format": "BasedOnStyle: GNU"}, (".clang-format",)),
        ("shfmt/1", "a/b.sh", {".editorconfig": "", "a/.editorconfig": ""}, (".editorconfig", "a/.editorconfig")),
        ("taplo/1", "a/b.toml", {".taplo.toml": "[formatting]"}, (".taplo.toml",)),
        ("gofmt/1", "a/b.go", {"gofmt.toml": ""}, ()),
    ],
)
def test_the_tool_is_given_what_it_would_take_itself(
    rule: str, path: str, files: dict[str, str], taken: tuple[str, ...]
) -> None:
    base = BaseTree(files=files, known=True)
    assert BY_RULE[rule].configs(path, base) == taken
    assert BY_RULE[rule].objection(path, base) is None


@pytest.mark.requirement("R21")
def test_every_kind_of_run_that_is_asked_for_can_be_made() -> None:
    base = BaseTree(files={"Cargo.toml": 'edition = "2024"', "b/Cargo.toml": 'edition = "2018"'}, known=True)
    assert {family.tool("a" + family.suffixes[0], base) for family in FAMILIES} <= set(RUNNERS)
    assert {BY_RULE["rustfmt/1"].tool(path, base) for path in ("a.rs", "b/a.rs")} == {"rustfmt-2024", "rustfmt-2018"}


@pytest.mark.requirement("R21")
@pytest.mark.parametrize(
    "name", ["pyproject.toml", "uv.lock", ".pre-commit-config.yaml", ".editorconfig", "x/black.cfg", ".gitattributes"]
)
def test_a_step_that_touches_what_may_steer_the_tool_asks_for_no_run(name: str) -> None:
    file, base = changed("a.py"), BaseTree(files=BASE, known=True)
    assert prover("black/1").wants(file, (file,), base)
    step = (file, changed(name, "a", "b"))
    assert prover("black/1").wants(file, step, base) == ()
    assert prover("black/1").prove(file, step, base, ()).status is ProofStatus.REFUTED


@pytest.mark.requirement("R21")
def test_a_tool_is_asked_for_only_where_the_project_names_it() -> None:
    file = changed("a.py")
    for files, asked in (
        ({"README.md": "black"}, False),
        (BASE, True),
        ({"tox.ini": "commands = black ."}, True),
        ({"tox.ini": "blackbox"}, False),
    ):
        assert bool(prover("black/1").wants(file, (file,), BaseTree(files=files, known=True))) is asked, files
    assert prover("black/1").wants(file, (file,), BaseTree(files=BASE, known=False)) == ()


@pytest.mark.requirement("R21")
@pytest.mark.parametrize("part", ["tool", "path", "inputs_digest", "output"])
def test_a_run_on_other_inputs_or_with_other_bytes_proves_nothing(part: str) -> None:
    file, base = changed("a.py"), BaseTree(files=BASE, known=True)
    want = prover("black/1").wants(file, (file,), base)[0]
    true = {"tool": want.tool, "path": want.path, "inputs_digest": want.inputs_digest, "output": NEW.encode()}
    good = prover("black/1").prove(file, (file,), base, [Evidence(tool_digest="d", **true)])  # type: ignore[arg-type]
    assert (good.status, good.change_class) == (ProofStatus.PROVEN, ChangeClass.LINT)
    assert dict(good.witness)["tool_digest"] == "d"
    other = {**true, part: NEW.encode() + b" " if part == "output" else "another"}
    bad = prover("black/1").prove(file, (file,), base, [Evidence(tool_digest="d", **other)])  # type: ignore[arg-type]
    assert bad.status is not ProofStatus.PROVEN


@pytest.mark.requirement("R21")
def test_another_configuration_is_another_run() -> None:
    file = changed("a.py")
    wants = [
        prover("black/1").wants(file, (file,), BaseTree(files={"pyproject.toml": text}, known=True))[0].inputs_digest
        for text in ("[tool.black]\n", "[tool.black]\nline-length = 90\n")
    ]
    assert wants[0] != wants[1]


@pytest.mark.parametrize(
    ("pattern", "ignored"),
    [
        ("dist/", False), ("src/", True), ("*.js", True), ("**/a.js", True), ("!src", False), ("# src", False), ("s[r]c/x", False), ("s[r]c/a.js", True),
        ("{src,lib}/a.js", True), ("a.j?", True), ("", False), ("*", True), ("other/*.js", False),
    ],
)  # fmt: skip
def test_an_ignore_list_is_read_so_that_no_is_certain(pattern: str, ignored: bool) -> None:
    assert may_be_ignored("src/a.js", [pattern]) is ignored


@pytest.mark.parametrize(
    ("pattern", "may"),
    [("build", False), ("src", True), (".*", True), ("^/made/", False), ("x|src", True), ("(a+)+$", True)],
)
def test_a_pattern_is_never_run(pattern: str, may: bool) -> None:
    assert may_match(pattern, "src/a.py") is may
