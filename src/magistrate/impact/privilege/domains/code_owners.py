"""CODEOWNERS as boxes: whose approval is enough for which path. The last pattern that matches decides.

Follows "About code owners" of the GitHub documentation: patterns like those of `.gitignore`, but no `!`
and no `[ ]`; any one owner of the deciding line is enough; a path that no line names, or one whose line
names nobody, needs no owner at all. A pattern for an ending (`*.js`) names files, not folders of such a
name. A file with sections is read as GitLab reads it ("Code Owners"):
each section decides for itself, may ask for several approvals or be optional, and a path without a
leading slash floats.

Rule kept: a line that is not understood is `Unknown` and protects nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.model import (
    Grants,
    Holder,
    Layer,
    Place,
    Reader,
    Statement,
    Unknown,
    Where,
    literals,
    spans,
)
from magistrate.impact.privilege.patterns import Glob, path
from magistrate.impact.privilege.touching import Touched
from magistrate.impact.privilege.work import Work

DOMAIN: Final = "codeowners"
HOLDER: Final = "repository/owners"
PLACES: Final = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""Where the file is looked for; the first that is there counts."""
MAX_TEXT: Final = 3_000_000
"""GitHub does not load a larger file."""
MANY: Final = 1_000
_OWNER: Final = rx(r"@@?[\w.-]+(?:/[\w.-]+)*|[^@\s]+@[^@\s]+\.[^@\s]+")
_SECTION: Final = rx(r"(?P<optional>\^)?\[(?P<name>[^\[\]]+)\](?:\[(?P<count>\d+)\])?(?P<owners>(?:\s+\S+)*)\s*")
_WORD: Final = rx(r"(?:\\.|[^\s\\])+")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One line: what it matches, its owners, where it stands; an exclusion of GitLab has no owners and `out`."""

    globs: tuple[Glob, ...]
    owners: tuple[str, ...]
    number: int
    says: str
    out: bool = False


@dataclass(slots=True)
class _Section:
    approvals: int = 1
    optional: bool = False
    lines: list[_Line] = field(default_factory=list)


class CodeOwners:
    """Reads the one CODEOWNERS file that counts."""

    @property
    def domain(self) -> str:
        """`codeowners`."""
        return DOMAIN

    def reads(self, path: str) -> bool:
        """The places where GitHub and GitLab look for it."""
        return path in PLACES

    def grants(self, files: Mapping[str, str]) -> Grants:
        """Whose approval is enough; without a file, anybody's."""
        at = next((one for one in PLACES if one in files), "")
        text = files.get(at, "").removeprefix("\ufeff")
        unknown: list[Unknown] = []
        if len(text.encode("utf-8", "replace")) > MAX_TEXT:
            unknown.append(Unknown(domain=DOMAIN, why="the file is too large to count", text=at, place=Place(path=at)))
            text = ""
        sections = _sections(at, text, unknown)
        first = Layer(
            statements=(Statement(where=(_DEED, _ROOTED), place=Place(path=at), says="whose approval is enough"),)
        )
        layers = (layer for name, section in sections.items() for layer in _decided(at, name, section))
        holder = Holder(name=HOLDER, domain=DOMAIN, layers=(first, *sorted(layers, key=repr)))
        return Grants(holders=(holder,), live=frozenset({HOLDER}), unknown=tuple(unknown))


_DEED: Final = literals("deed", "approve as owner")
_ROOTED: Final = Where(dimension="path", among=(path("/**"),))
"""Paths begin with a slash here, so that a pattern for any depth is one pattern."""


def _sections(at: str, text: str, unknown: list[Unknown]) -> dict[str, _Section]:
    rows = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    rows = [(number, line) for number, line in rows if line and not line.startswith("#")]
    gitlab = at.startswith(".gitlab/") or any(_SECTION.fullmatch(line) for _, line in rows)
    found: dict[str, _Section] = {"": _Section()}
    now, usual = found[""], tuple[str, ...]()
    for number, line in rows:
        head = _SECTION.fullmatch(line) if gitlab else None
        if head is not None:
            now = found.setdefault(head["name"].strip().lower(), _Section())
            now.optional = now.optional or head["optional"] is not None
            now.approvals = max(now.approvals, int(head["count"] or 1))
            usual = tuple(one.lower() for one in head["owners"].split())
            continue
        read = _line(number, line, usual, gitlab=gitlab)
        if read is None:
            place = Place(path=at, line=number)
            unknown.append(
                Unknown(domain=DOMAIN, why="a line that is not understood", text=" ".join(line.split()), place=place)
            )
        else:
            now.lines.append(read)
    return found


def _line(number: int, line: str, usual: tuple[str, ...], *, gitlab: bool) -> _Line | None:
    words = _WORD.findall(line)
    if not words:
        return None
    pattern, owners = words[0], list[str]()
    for word in words[1:]:
        if word.startswith("#"):
            break
        owners.append(word.lower())
    out = gitlab and pattern.startswith("!")
    globs = _globs(pattern[1:] if out else pattern, gitlab=gitlab)
    if globs is None or (not out and any(_OWNER.fullmatch(one) is None for one in owners)):
        return None
    held = tuple(sorted(set(owners or usual)))
    return _Line(globs=globs, owners=() if out else held, number=number, says=" ".join(words)[:120], out=out)


def _globs(pattern: str, *, gitlab: bool) -> tuple[Glob, ...] | None:
    """The paths that a pattern names; None where it is not understood."""
    plain = pattern.replace("\\ ", "\x00")
    if plain.startswith("!") or re.search(r"[\[\]\\]", plain):
        return None
    if plain.endswith("**/"):
        plain += "*/"  # any folder, so what lies in one
    names = plain.strip("/").split("/")
    if "" in names:
        return (path("**"),) if plain in {"/", "*"} else None
    anchored = plain.startswith("/") or (not gitlab and "/" in plain.rstrip("/"))
    inside = plain.endswith("/") or names[-1] == "**"
    if names[-1] == "**":
        names = names[:-1]
    only = not inside and (
        gitlab
        or names[-1].startswith("*.")
        or (names[-1:] == ["*"] and len(names) > 1)
        or (anchored and names == ["*"])
    )
    ends = ("/**",) if inside else ("",) if only else ("", "/**")
    if gitlab and names == ["*"] and not anchored:
        return (path("**"),)
    bodies = _bodies([one if one == "**" else re.sub(r"\*+", "*", one) for one in names])
    starts = ("/",) if anchored else ("**/",)
    made = (
        f"{start}{body}{end}".replace("//", "/").replace("\x00", " ")
        for start, body, end in product(starts, bodies, ends)
    )
    return tuple(path(one) for one in dict.fromkeys(made))


def _bodies(names: Sequence[str]) -> list[str]:
    """A path with each `**` of its own as no folder at all, and as some."""
    ways = [("", "**/") if name == "**" else (f"{name}/",) for name in names]
    return ["".join(parts).removesuffix("/") for parts in product(*ways)]


def _decided(at: str, name: str, section: _Section) -> Iterator[Layer]:
    """One layer a line: an owner of it has to approve, unless the path is another's or a later line decides."""
    if section.optional:
        return
    elsewhere = Statement(where=(_DEED, literals("section", name, negated=True)), place=Place(path=at))
    here = (_DEED, literals("section", name))
    later = tuple(one for line in section.lines if line.out for one in line.globs)
    work = Work()
    for line in reversed([one for one in section.lines if not one.out]):
        place = Place(path=at, line=line.number)
        if line.owners:
            free = [(Where(dimension="path", among=line.globs, negated=True),)]
            near = Touched(free[0][0])
            above = tuple(one for one in later if near.by(one, work))
            free += [(Where(dimension="path", among=above),)] if above else []
            asked = (
                literals("approver", *line.owners),
                *([spans("approvals", (section.approvals, MANY))] if section.approvals > 1 else []),
            )
            boxes = [Statement(where=(*here, *more), place=place, says=line.says) for more in (*free, asked)]
            yield Layer(statements=(elsewhere, *boxes))
        later = tuple(dict.fromkeys((*later, *(one for one in line.globs if one not in later))))


READER: Final[Reader] = CodeOwners()
