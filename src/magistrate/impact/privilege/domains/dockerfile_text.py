"""Dockerfiles as stages of instructions, as BuildKit reads them (Dockerfile reference).

Rule kept: a text that is no list of known instructions is not read at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from magistrate.impact.compiled import rx

INSTRUCTIONS: Final = frozenset(
    [
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "MAINTAINER",
        "ONBUILD",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    ]
)
MAX_TEXT: Final = 500_000
_DIRECTIVE: Final = rx(r"\s*#\s*([A-Za-z][\w-]*)\s*=\s*(\S+)\s*")
_HEREDOC: Final = rx(r"<<-?\s*(['\"]?)([A-Za-z_][A-Za-z0-9_]*)\1")
_FLAG: Final = rx(r"--([a-z-]+)(?:=(\"[^\"]*\"|\S+))?\s+")
_VARIABLE: Final = rx(r"\\\$|\$(?:\{(\w+)(?:(:?[-+])([^{}]*))?\}|(\w+))")
_WORD: Final = rx(r"(?:\"(?:\\.|[^\"\\])*\"|'[^']*'|\\.|[^\s\"'\\])+")


class UnreadableDockerfileError(Exception):
    """The text is no Dockerfile that this reading knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction: its name in capitals, flags, the rest as one line, and where it begins."""

    name: str
    flags: tuple[tuple[str, str], ...]
    rest: str
    line: int


@dataclass(slots=True)
class Stage:
    """One stage: what it is built from, its own name, its instructions."""

    base: str
    name: str
    line: int
    instructions: list[Instruction] = field(default_factory=list)


@dataclass(slots=True)
class Dockerfile:
    """The stages, the global arguments and the frontend that reads the file."""

    stages: list[Stage] = field(default_factory=list)
    arguments: dict[str, str] = field(default_factory=dict)
    syntax: str = ""


def read(text: str) -> Dockerfile:
    """Read a whole file.

    Raises:
        UnreadableDockerfileError: see the rule of this module.
    """
    if len(text) > MAX_TEXT:
        raise UnreadableDockerfileError("the file is too large")
    found = Dockerfile()
    for one in _instructions(text, found):
        if one.name == "FROM":
            words = one.rest.split()
            named = len(words) == 3 and words[1].lower() == "as"  # noqa: PLR2004 - FROM image AS name
            if len(words) != 1 and not named:
                raise UnreadableDockerfileError("a stage is not understood")
            found.stages.append(Stage(base=words[0], name=words[2].lower() if named else "", line=one.line))
        elif found.stages:
            found.stages[-1].instructions.append(one)
        elif one.name == "ARG":
            found.arguments.update(assignments(one.rest))
        else:
            raise UnreadableDockerfileError("an instruction stands before the first stage")
    if not found.stages:
        raise UnreadableDockerfileError("the file has no stage")
    return found


def _instructions(text: str, found: Dockerfile) -> Iterator[Instruction]:
    lines = text.lstrip("\ufeff").splitlines()
    escape, at = "\\", 0
    while at < len(lines) and (directive := _DIRECTIVE.fullmatch(lines[at])) is not None:
        name, value = directive.group(1).lower(), directive.group(2)
        if name not in {"syntax", "escape", "check"}:
            break
        escape = value if name == "escape" else escape
        found.syntax = value if name == "syntax" else found.syntax
        at += 1
    while at < len(lines):
        if not lines[at].strip() or lines[at].lstrip().startswith("#"):
            at += 1
            continue
        first = at
        logical, at = _logical(lines, at, escape)
        word, _, rest = logical.strip().partition(" ")
        if word.upper() not in INSTRUCTIONS:
            raise UnreadableDockerfileError("an instruction is not known")
        if word.upper() in {"RUN", "COPY", "ADD"}:
            rest, at = _with_heredocs(rest, lines, at)
        yield _made(word.upper(), rest, first + 1)


def _logical(lines: list[str], at: int, escape: str) -> tuple[str, int]:
    """One instruction with the lines that it goes on in; comments and empty lines between are left out."""
    parts: list[str] = []
    while at < len(lines):
        line = lines[at].expandtabs(1).rstrip()
        at += 1
        if parts and (not line.strip() or line.lstrip().startswith("#")):
            continue
        if not line.endswith(escape):
            parts.append(line)
            break
        parts.append(line[:-1])
    return " ".join(parts), at


def _with_heredocs(rest: str, lines: list[str], at: int) -> tuple[str, int]:
    for found in _HEREDOC.finditer(rest):
        ends = found.group(2)
        body: list[str] = []
        while at < len(lines) and lines[at].strip() != ends:
            body.append(lines[at])
            at += 1
        if at == len(lines):
            raise UnreadableDockerfileError("a heredoc does not end")
        at += 1
        rest += "\n" + "\n".join(body)
    return rest, at


def _made(name: str, rest: str, line: int) -> Instruction:
    flags: list[tuple[str, str]] = []
    text = rest.strip()
    while (found := _FLAG.match(text)) is not None:
        flags.append((found.group(1), (found.group(2) or "").strip('"')))
        text = text[found.end() :]
    return Instruction(name=name, flags=tuple(flags), rest=text, line=line)


def words(text: str) -> list[str]:
    """Words with their quotes taken off."""
    return [re.sub(r"\\(.)", r"\1", one).replace('"', "").replace("'", "") for one in _WORD.findall(text)]


def assignments(text: str) -> dict[str, str]:
    """What ENV or ARG sets: `NAME=value ...`, the old form `NAME value`, or NAME alone (no value)."""
    found = words(text)
    if found and "=" not in found[0] and len(found) > 1 and not any("=" in one for one in found):
        return {found[0]: " ".join(found[1:])}
    return {name: value for name, _, value in (one.partition("=") for one in found)}


def filled(text: str, values: Mapping[str, str]) -> str | None:
    """The text with its variables put in; None where one is not known."""
    missing = False

    def put(found: re.Match[str]) -> str:
        nonlocal missing
        name = found.group(1) or found.group(4)
        if name is None:
            return "$"
        value, how = values.get(name), found.group(2) or ""
        if how.endswith("+"):
            missing = True
        if value is None or missing:
            missing = True
            return ""
        return value or (found.group(3) if how == ":-" else "")

    made = _VARIABLE.sub(put, text)
    return None if missing else made
