"""Mutants of data formats: what is proven equal reads the same to a reader that the product does not use so."""

from __future__ import annotations

import configparser
import json
import random
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from paths import TESTS
from world.mutants import mutant

from magistrate.domain.impact import FileChange, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile, Prover
from magistrate.impact.provers import comment_text, comments, formatting

SAMPLES = TESTS / "fuzz/samples"
PROVERS: tuple[Prover, ...] = (*formatting.PROVERS, *comments.PROVERS, *comment_text.PROVERS)
LINES = ("# a row\n", "; a row\n", "// a row\n", "\n", "  # a row\n", "# a row\r\n", "#\n", "x\n")
JSON_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/|\s+|.', re.DOTALL)


def proven(name: str, text: str, source: str) -> bool:
    file = ChangedFile(change=FileChange(path=name, before=source.encode(), after=text.encode()))
    asked = [one for one in PROVERS if one.applies(file)]
    assert asked
    return any(one.prove(file, (file,), BaseTree(known=True), ()).status is ProofStatus.PROVEN for one in asked)


def as_json(text: str) -> object:
    pieces = [" " if one.startswith(("//", "/*")) else one for one in JSON_PIECE.findall(text)]
    plain = re.sub(r'("(?:[^"\\]|\\.)*")|,(?=\s*[\]}])', lambda found: found[1] or "", "".join(pieces))
    raw: Any = json.loads(plain, object_pairs_hook=list, parse_float=lambda n: ("n", n), parse_int=lambda n: ("n", n))
    return raw


def as_toml(text: str) -> object:
    return repr(tomllib.loads(text, parse_float=lambda n: ("float", n)))


def as_yaml(text: str) -> object:
    """Nodes with tags and styles by PyYAML's own parser, and what it makes of them."""
    nodes = [
        (type(one).__name__, getattr(one, "tag", None), getattr(one, "value", None), getattr(one, "anchor", None))
        for one in yaml.parse(text, Loader=yaml.SafeLoader)
    ]
    return nodes, yaml.serialize(yaml.compose(text, Loader=yaml.SafeLoader))


def as_ini(text: str) -> object:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(text)
    return {name: dict(parser.items(name)) for name in parser.sections()}


def as_properties(text: str) -> object:
    """Logical lines by `java.util.Properties`: comments are dropped where a line begins, a backslash continues."""
    made: list[str] = []
    open_line = ""
    for line in re.split(r"\r\n|[\r\n]", text):
        plain = line.lstrip(" \t\f")
        if not open_line and plain[:1] in {"#", "!", ""}:
            continue
        slashes = len(plain) - len(plain.rstrip("\\"))
        open_line += plain[:-1] if slashes % 2 else plain
        if slashes % 2:
            continue
        made.append(open_line)
        open_line = ""
    return [*made, open_line]


def as_hcl(text: str) -> object:
    """Every character but comments, blanks outside of quotes and heredocs, and repeated line ends, by a walk of its own.

    Quotes are followed through `${}` by counting, names keep the blank between them, and a heredoc is kept as it is.
    """
    made: list[str] = []
    at = 0
    while at < len(text):
        heredoc = re.compile(r"<<-?(\w+)\n(?s:.*?)\n[ \t]*\1(?=\n|\Z)").match(text, at)
        found = heredoc or re.compile(
            r"(?:#|//)[^\n]*|/\*(?s:.*?)(?:\*/|\Z)|[ \t]+|[A-Za-z_][\w-]*|[\d.]+(?:[eE][+-]?\d+)?|(?s:.)"
        ).match(text, at)
        assert found is not None
        end = _past_quotes(text, at) if text[at] == '"' else found.end()
        word = text[at:end]
        if (
            not word.startswith(("#", "//", "/*"))
            and word.strip(" \t")
            and (word != "\n" or made[-1:] not in ([], ["\n"]))
        ):
            made.append(word)
        at = end
    return made[:-1] if made[-1:] == ["\n"] else made


def _past_quotes(text: str, at: int) -> int:
    """Behind the quotes that open here: a `"` ends them unless it is inside of `${` or `%{`."""
    stack = ['"']
    at += 1
    while stack and at < len(text):
        if stack[-1] == '"' and text[at] == "\\":
            at += 1
        elif stack[-1] == '"' and text[at : at + 3] in {"$${", "%%{"}:
            at += 2
        elif stack[-1] == '"' and text[at : at + 2] in {"${", "%{"}:
            stack.append("}")
            at += 1
        elif text[at] == stack[-1]:
            stack.pop()
        elif stack[-1] == "}" and text[at] in '"{':
            stack.append({'"': '"', "{": "}"}[text[at]])
        at += 1
    return at


def as_dockerfile(text: str) -> object:
    """Directives at the head, then instructions with their continued lines, as BuildKit joins them."""
    lines = text.split("\n")
    head = []
    for line in lines:
        if not re.match(r"#\s*\w+\s*=", line):
            break
        head.append(line)
    made, going = [""], False
    for line in lines[len(head) :]:
        if line.lstrip().startswith("#") or not line.strip():
            continue
        made[-1] += re.sub(r"\\[ \t]*$", "", line)
        going = re.search(r"\\[ \t]*$", line) is not None
        made += [] if going else [""]
    return head, made


def as_shell(text: str) -> object:
    """Words by the standard library's lexer, which knows quotes over lines."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";|&()<>\n")
    lexer.whitespace, lexer.whitespace_split = " \t\r", True
    words = [word for word in lexer if word.strip("\n")]
    return text.startswith("#!"), words


FORMATS: list[tuple[str, Callable[[str], object], int]] = [
    ("a.json", as_json, 15), ("a.jsonc", as_json, 15), ("a.toml", as_toml, 15), ("a.yaml", as_yaml, 15),
    ("a.ini", as_ini, 5), ("a.properties", as_properties, 5), ("a.hcl", as_hcl, 15), ("Dockerfile", as_dockerfile, 5),
    ("a.sh", as_shell, 5),
]  # fmt: skip


def mutants(source: str, seed: int, count: int) -> list[str]:
    """Half by bytes, half by whole lines: a comment comes, a line goes, moves or is indented."""
    dice, made = random.Random(seed), []
    for number in range(count):
        if number % 2:
            made.append(mutant(source, dice))
            continue
        lines = source.splitlines(keepends=True)
        for _ in range(dice.randint(1, 2)):
            at, how = dice.randrange(len(lines)), dice.random()
            if how < 0.6:
                lines.insert(at, dice.choice(LINES))
            elif how < 0.7:
                lines[at] = dice.choice(("  ", " ", "\t")) + lines[at]
            elif how < 0.8:
                lines[at] = lines[at].lstrip(" ")
            elif how < 0.9:
                lines.insert(dice.randrange(len(lines)), lines.pop(at))
            else:
                lines[at] = (
                    lines[at].rstrip("\n") + dice.choice(("  ", " # a row", " // a row", " \\", "  # a row  ")) + "\n"
                )
        made.append("".join(lines))
    return made


def wrong_of(name: str, read: Callable[[str], object], seed: int, count: int) -> tuple[list[str], int]:
    """Mutants that were proven and read differently, and how many were proven."""
    source = (SAMPLES / name).read_text()
    expected, wrong, found = read(source), [], 0
    for text in mutants(source, seed, count):
        if text != source and proven(name, text, source):
            found += 1
            try:
                same = read(text) == expected
            except (ValueError, yaml.YAMLError, configparser.Error):
                same = False
            if not same:
                wrong.append(text)
    return wrong, found


@pytest.mark.requirement("R17", "R18")
@pytest.mark.parametrize(("name", "read", "least"), FORMATS, ids=lambda one: one if isinstance(one, str) else "")
def test_what_is_proven_reads_the_same(name: str, read: Callable[[str], object], least: int) -> None:
    wrong, found = wrong_of(name, read, 3, 300)
    assert not wrong, wrong[0]
    assert found >= least, "mutants that change nothing must exist, or nothing was tested"


@pytest.mark.soak
@pytest.mark.requirement("R17", "R18")
@pytest.mark.parametrize(("name", "read", "least"), FORMATS, ids=lambda one: one if isinstance(one, str) else "")
def test_ten_thousand_mutants_read_the_same(name: str, read: Callable[[str], object], least: int) -> None:
    wrong, found = wrong_of(name, read, 5, 10_000)
    assert not wrong, wrong[0]
    assert found >= least


@pytest.mark.soak
@pytest.mark.requirement("R18")
def test_what_is_proven_of_a_script_is_the_same_function_for_bash() -> None:
    """`declare -f` prints what the shell understood, without comments."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no `bash` here")

    def understood(text: str) -> str:
        asked = f"f() {{\n{text}\n:\n}}\ndeclare -f f\n"
        return subprocess.run([bash, "-c", asked], capture_output=True, check=True, text=True).stdout

    source = (SAMPLES / "a.sh").read_text()
    expected = understood(source)
    for text in mutants(source, 9, 4_000):
        if text != source and proven("a.sh", text, source):
            assert understood(text) == expected, text
