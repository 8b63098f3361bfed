"""sudoers files as entries in the order in which sudo reads them (sudoers(5), 1.9).

Rule kept: a line that this grammar does not cover is handed back as it stands, never left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.model import Place

TAGS: Final[Mapping[str, tuple[str, str]]] = {
    "NOPASSWD": ("password", "not asked"),
    "PASSWD": ("password", ""),
    "SETENV": ("environment", "set by the caller"),
    "NOSETENV": ("environment", ""),
    "EXEC": ("further programs", ""),
    "NOEXEC": ("further programs", "none"),
    "INTERCEPT": ("programs inside", "checked"),
    "NOINTERCEPT": ("programs inside", ""),
    "FOLLOW": ("links", "followed"),
    "NOFOLLOW": ("links", ""),
    "LOG_INPUT": ("input log", "kept"),
    "NOLOG_INPUT": ("input log", ""),
    "LOG_OUTPUT": ("output log", "kept"),
    "NOLOG_OUTPUT": ("output log", ""),
    "MAIL": ("mail", ""),
    "NOMAIL": ("mail", ""),
}
"""Each tag with what it is about and what it says of it."""
MAX_NESTED: Final = 12
_ITEM: Final = r'!*\s*(?:%?:?"[^"]*"|(?:\\.|[^\s,=:!()"\\])+)'
_LIST: Final = rf"{_ITEM}(?:\s*,\s*{_ITEM})*"
_SPEC: Final = rx(rf"({_LIST})\s+({_LIST})\s*=\s*(.+)", re.DOTALL)
_FURTHER: Final = rx(rf"\s*({_LIST})\s*=\s*(.+)", re.DOTALL)
_ALIAS: Final = rx(r"(User|Runas|Host|Cmnd|Cmd)_Alias\s+(.+)", re.DOTALL)
_NAMED: Final = rx(r"\s*([A-Z][A-Z0-9_]*)\s*=\s*(.+)", re.DOTALL)
_TAG: Final = rx(rf"({'|'.join(sorted(TAGS, key=len, reverse=True))})\s*:\s*")
_DIGEST: Final = rx(r"(sha(?:224|256|384|512)):\s*([0-9A-Za-z+/=]+)\s+")
_RUNAS: Final = rx(r"\(([^()]*)\)\s*")
_INCLUDE: Final = rx(r"[#@]include(dir)?\s+(\S.*)")
_PARTS: Final = rx(
    r'\\.|\([^)]*\)|"[^"]*"|sha(?:224|256|384|512):|'
    rf"(?:{'|'.join(sorted(TAGS, key=len, reverse=True))})\s*:|[^\\]",
    re.DOTALL,
)
_COMMENT: Final = rx(r'((?:\\.|"[^"\n]*"|#(?=-?\d)|[^#\\"]|["\\])*)#?.*', re.DOTALL)


class SyntaxProblemError(Exception):
    """A line outside the grammar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One member of a list: a name, and whether it is excluded."""

    name: str
    taken: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Who may run one command where, as whom; `command.taken` is False for an excluded one."""

    users: tuple[Item, ...]
    hosts: tuple[Item, ...]
    runas: tuple[Item, ...] | None
    groups: tuple[Item, ...] | None
    command: Item
    tags: Mapping[str, str]
    digest: str
    place: Place


@dataclass(slots=True)
class Sudoers:
    """What the files of one machine say."""

    entries: list[Entry] = field(default_factory=list)
    defaults: list[tuple[str, Place]] = field(default_factory=list)
    aliases: dict[tuple[str, str], tuple[Item, ...]] = field(default_factory=dict)
    unread: list[tuple[str, Place]] = field(default_factory=list)


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """Logical lines with the number of the first: continued ones joined, comments off."""
    held, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        first = first or number
        if line.endswith("\\") and not line.lstrip().startswith("# "):
            held += line[:-1] + " "
            continue
        yield from _uncommented(held + line, first)
        held, first = "", 0
    yield from _uncommented(held, first)


def _uncommented(line: str, number: int) -> Iterator[tuple[int, str]]:
    found = line.strip()
    if not _INCLUDE.match(found):
        matched = _COMMENT.fullmatch(found)
        found = found if matched is None else matched.group(1).strip()
    if found:
        yield number, found


def read(files: Mapping[str, str], order: tuple[str, ...]) -> Sudoers:
    """Read the files of one machine; an include is followed to the file of that name among them."""
    state, seen = Sudoers(), set[str]()
    for path in order:
        _read_file(path, files, state, seen)
    return state


def _read_file(path: str, files: Mapping[str, str], state: Sudoers, seen: set[str]) -> None:
    if path in seen:
        return
    seen.add(path)
    for number, line in lines_of(files[path]):
        place = Place(path=path, line=number)
        include = _INCLUDE.match(line)
        if include is not None:
            found = _included(include, files, path)
            if not found:
                state.unread.append((" ".join(line.split()).lstrip("#@"), place))
            for other in found:
                _read_file(other, files, state, seen)
            continue
        try:
            _read_line(line, place, state)
        except SyntaxProblemError:
            state.unread.append((" ".join(line.split()), place))


def _included(include: re.Match[str], files: Mapping[str, str], path: str) -> list[str]:
    tail = include.group(2).strip().strip('"').rstrip("/").rsplit("/", 1)[-1]
    if include.group(1):
        return sorted(other for other in files if other.split("/")[-2:-1] == [tail])
    return sorted(other for other in files if other.rsplit("/", 1)[-1] == tail and other != path)


def _read_line(line: str, place: Place, state: Sudoers) -> None:
    if "{{" in line or "{%" in line or "<%" in line or "${" in line:
        raise SyntaxProblemError
    if re.match(r"Defaults(?=[\s@:>!])", line):
        state.defaults.append((line, place))
        return
    alias = _ALIAS.fullmatch(line)
    if alias is not None:
        _read_aliases("Cmnd" if alias.group(1) == "Cmd" else alias.group(1), alias.group(2), state)
        return
    found = _SPEC.fullmatch(line)
    if found is None:
        raise SyntaxProblemError
    users = items(found.group(1))
    first, *more = split(found.group(3), ":")
    made = [*_entries(users, items(found.group(2)), first, place)]
    for part in more:
        further = _FURTHER.fullmatch(part)
        if further is None:
            raise SyntaxProblemError
        made += _entries(users, items(further.group(1)), further.group(2), place)
    state.entries += made


def _read_aliases(kind: str, text: str, state: Sudoers) -> None:
    made: dict[tuple[str, str], tuple[Item, ...]] = {}
    for part in split(text, ":"):
        found = _NAMED.fullmatch(part)
        if found is None or (kind, found.group(1)) in {**state.aliases, **made}:
            raise SyntaxProblemError
        made[kind, found.group(1)] = items(found.group(2))
    state.aliases.update(made)


def split(text: str, sign: str) -> list[str]:
    """Split where the sign stands for itself: not escaped, quoted, in brackets, or the end of a tag."""
    parts = [""]
    for token in _PARTS.findall(text):
        if token == sign:
            parts.append("")
        else:
            parts[-1] += token
    return parts


def items(text: str) -> tuple[Item, ...]:
    """The members of a list; an even number of `!` cancels out."""
    found: list[Item] = []
    for part in split(text, ","):
        name = part.strip()
        signs = len(name) - len(name.lstrip("! \t"))
        taken = name[:signs].count("!") % 2 == 0
        if not name[signs:]:
            raise SyntaxProblemError
        found.append(
            Item(name=name[signs:].replace('"', "") if not name[signs:].startswith("/") else name[signs:], taken=taken)
        )
    return tuple(found)


def _entries(users: tuple[Item, ...], hosts: tuple[Item, ...], text: str, place: Place) -> Iterator[Entry]:
    runas: tuple[Item, ...] | None = None
    groups: tuple[Item, ...] | None = None
    tags: dict[str, str] = {}
    for part in split(text, ","):
        rest, digest = part.strip(), ""
        while True:
            if (found := _RUNAS.match(rest)) is not None:
                as_users, _, as_groups = found.group(1).partition(":")
                runas = items(as_users) if as_users.strip() else None if as_groups.strip() else (Item(name="«self»"),)
                groups = items(as_groups) if as_groups.strip() else None
                runas = (Item(name="«self»"),) if runas is None else runas
            elif (found := _TAG.match(rest)) is not None:
                dimension, value = TAGS[found.group(1)]
                tags[dimension] = value
            elif (found := _DIGEST.match(rest)) is not None:
                digest = found.group()
            else:
                break
            rest = rest[found.end() :]
        if rest.startswith(('"', ",")) or not rest or re.match(r"[A-Z_]+\s*=", rest) or "(" in rest.split(" ")[0]:
            raise SyntaxProblemError
        command, *more = items(rest)
        if more:
            raise SyntaxProblemError
        yield Entry(
            users=users, hosts=hosts, runas=runas, groups=groups, command=command, tags=dict(tags),
            digest=" ".join(digest.split()), place=place,
        )  # fmt: skip


def expanded(kind: str, found: tuple[Item, ...], state: Sudoers, depth: int = 0) -> Iterator[Item]:
    """A list with its aliases put in place; an alias that is excluded has its own signs turned.

    Raises:
        SyntaxProblemError: an alias that is not defined, or one that holds itself.
    """
    for item in found:
        if not re.fullmatch(r"[A-Z][A-Z0-9_]*", item.name) or item.name == "ALL":
            yield item
            continue
        inner = state.aliases.get((kind, item.name))
        if depth > MAX_NESTED or (inner is None and kind == "Cmnd"):
            raise SyntaxProblemError
        if inner is None:
            yield item
            continue
        for one in expanded(kind, inner, state, depth + 1):
            yield one if item.taken else Item(name=one.name, taken=not one.taken)
