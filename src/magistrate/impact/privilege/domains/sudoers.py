"""sudoers: who may run which command as whom, the last entry that matches deciding (sudoers(5), 1.9).

A request is `person`, `host`, `as` (user), `as group`, `command`, `arguments` and what the tags are about: a
wildcard in the path of a command stops at `/`. Whether somebody is in a group that no file here defines is a
dimension of its own, so that an exclusion by name still meets an entry by group.

Rule kept: an entry that is taken back by a later one gives nothing; a line that is not read is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.members import groups_of
from magistrate.impact.privilege.domains.sudoers_defaults import rights_of_defaults
from magistrate.impact.privilege.domains.sudoers_text import Entry, Item, Sudoers, SyntaxProblemError, expanded, read
from magistrate.impact.privilege.model import Edge, Grants, Holder, Layer, Reader, Statement, Unknown, Where
from magistrate.impact.privilege.patterns import ANY_NAME, RUN_NAME, Glob, glob, literal, merged_runs

DOMAIN: Final = "sudoers"
SUDO: Final = "os:sudo"
"""Who may do what by sudo; the person is a dimension of the request."""
MAX_BOXES: Final = 256
_FILE: Final = rx(r"(?:.*/)?sudoers(?:\.(?:j2|erb|tmpl|in))?|(?:.*/)?sudoers\.d/[^/]+|.*\.sudoers")
Box = tuple[Where, ...]
RUN: Final = Where(dimension="right", among=(literal("run"),))


class _TooManyBoxesError(Exception):
    """The entries exclude each other in too many ways."""


class Sudo:
    """The reader of sudoers files."""

    @property
    def domain(self) -> str:
        """Name of the domain."""
        return DOMAIN

    def reads(self, path: str) -> bool:
        """Files named `sudoers`, files in `sudoers.d`, and the list of groups."""
        return _FILE.fullmatch(path) is not None or path.rsplit("/", 1)[-1] in {"groups.yml", "groups.yaml"}

    def grants(self, files: Mapping[str, str]) -> Grants:
        """What anybody may do by sudo, and what each group that lives elsewhere gives to its members."""
        groups = groups_of(files)
        listed = {f"os:user/{member}" for members in groups.values() for member in members}
        holders: dict[str, list[Statement]] = {}
        unknown: list[Unknown] = []
        machines: dict[str, dict[str, str]] = {}
        for path in sorted(files):
            if _FILE.fullmatch(path) is not None:
                machines.setdefault(_machine(path), {})[path] = files[path]
        usual, _ = rights_of_defaults(Sudoers(), (_on(*machines, negated=True),) if machines else ())
        holders[SUDO] = usual
        for machine, texts in machines.items():
            _of_one_machine(texts, groups, holders, unknown, (_on(machine),))
        return Grants(
            holders=tuple(
                Holder(name=name, domain=DOMAIN, layers=(Layer(statements=tuple(dict.fromkeys(holders[name]))),))
                for name in sorted(holders)
                if holders[name]
            ),
            edges=tuple(
                Edge(actor="os:group/" + name.removeprefix("sudo:group/"), holder=name)
                for name in sorted(holders)
                if name != SUDO
            ),
            live=frozenset({SUDO, *listed}),
            unknown=tuple(unknown),
        )


READER: Final[Reader] = Sudo()


def _on(*machines: str, negated: bool = False) -> Where:
    return Where(dimension="machine", among=tuple(literal(one or ".") for one in sorted(machines)), negated=negated)


def _machine(path: str) -> str:
    """The folder that stands for `/etc`: entries of two machines do not take each other back."""
    folder = path.rpartition("/")[0]
    return folder.rpartition("/")[0] if folder.rsplit("/", 1)[-1] == "sudoers.d" else folder


def _of_one_machine(
    texts: Mapping[str, str],
    groups: Mapping[str, frozenset[str]],
    holders: dict[str, list[Statement]],
    unknown: list[Unknown],
    machine: Box,
) -> None:
    mains = [path for path in texts if not _ignored(path) and "sudoers.d/" not in path]
    others = [path for path in texts if not _ignored(path) and path not in mains]
    ignored = [path for path in texts if _ignored(path)]
    state = read({path: texts[path] for path in (*mains, *others)}, (*mains, *others))
    _rights(state, groups, holders, unknown, machine)
    unread = [*state.unread]
    for path in ignored:
        renamed = Where(dimension="installed under a name without a dot", among=(literal("yes"),))
        alone = read({path: texts[path]}, (path,))
        _rights(alone, groups, holders, unknown, (*machine, renamed))
        unread += alone.unread
    for line, place in unread:
        unknown.append(Unknown(domain=DOMAIN, why="a line of sudoers is not understood", text=line, place=place))


def _ignored(path: str) -> bool:
    """Files in an included folder whose name has a dot or ends with `~` are left out by sudo."""
    folder, _, name = path.rpartition("/")
    return folder.rsplit("/", 1)[-1] == "sudoers.d" and ("." in name or name.endswith("~"))


def _rights(
    state: Sudoers,
    groups: Mapping[str, frozenset[str]],
    holders: dict[str, list[Statement]],
    unknown: list[Unknown],
    extra: Box,
) -> None:
    statements, unread = rights_of_defaults(state, extra)
    if statements:
        holders.setdefault(SUDO, []).extend(statements)
    unknown += [Unknown(domain=DOMAIN, why="a default is not known", text=line, place=at) for line, at in unread]
    entries: list[Entry] = []
    for entry in state.entries:
        try:
            entries += _flat(entry, state)
        except SyntaxProblemError:
            text = f"{[one.name for one in entry.users]} {entry.command.name}"
            unknown.append(Unknown(domain=DOMAIN, why="an alias is not defined", text=text, place=entry.place))
    for group in _groups(entries, groups):
        try:
            holder = f"sudo:group/{group}" if group else SUDO
            holders.setdefault(holder, []).extend(_allowed(group, entries, groups, extra))
        except _TooManyBoxesError:
            text = "; ".join(_says(entry) for entry in entries)
            why = "the entries exclude each other in too many ways"
            unknown.append(Unknown(domain=DOMAIN, why=why, text=text, place=entries[0].place))


def _flat(entry: Entry, state: Sudoers) -> Iterator[Entry]:
    """One entry for each command, aliases put in place."""
    for command in expanded("Cmnd", (entry.command,), state):
        _command(command.name)
        yield Entry(
            users=tuple(expanded("User", entry.users, state)),
            hosts=tuple(expanded("Host", entry.hosts, state)),
            runas=None if entry.runas is None else tuple(expanded("Runas", entry.runas, state)),
            groups=None if entry.groups is None else tuple(expanded("Runas", entry.groups, state)),
            command=command,
            tags=entry.tags,
            digest=entry.digest,
            place=entry.place,
        )


def _groups(entries: Sequence[Entry], groups: Mapping[str, frozenset[str]]) -> list[str]:
    """Nobody in particular, and each group that lives elsewhere, for whom a file puts into it."""
    named = {
        name[1:]
        for entry in entries
        for item in entry.users
        if (name := _plain(item.name)).startswith("%") and name[1:] not in groups
    }
    return ["", *sorted(named)]


def _plain(name: str) -> str:
    text = re.sub(r"\\(.)", r"\1", name)
    return {"#0": "root", "%#0": "%root"}.get(text, text)


def _allowed(
    group: str, entries: Sequence[Entry], groups: Mapping[str, frozenset[str]], extra: Box
) -> Iterator[Statement]:
    boxes = [_matching(entry, group, groups) for entry in entries]
    for at, entry in enumerate(entries):
        if not entry.command.taken or not boxes[at]:
            continue
        own = _tagged(entry)
        left = [(*box, *own) for box in boxes[at]]
        for later in range(at + 1, len(entries)):
            if not entries[later].command.taken or not set(_tagged(entries[later])) <= set(own):
                left = _without(left, boxes[later])
        for box in left:
            yield Statement(where=(RUN, *box, *extra), place=entry.place, says=_says(entry))


def _says(entry: Entry) -> str:
    runas = "root" if entry.runas is None else ", ".join(one.name for one in entry.runas)
    tags = "".join(f" ({about} {value})" for about, value in sorted(entry.tags.items()) if value)
    return f"run {entry.command.name} as {runas}{tags}"


def _tagged(entry: Entry) -> Box:
    """What the tags of an entry leave out; `ALL` lets the caller set the environment."""
    tags = dict(entry.tags)
    if entry.command.name == "ALL":
        tags.setdefault("environment", "set by the caller")
    found = [
        Where(dimension=dimension, among=(literal(value),))
        for dimension, value in (
            ("password", "" if tags.get("password") == "not asked" else "given"),
            ("environment", "" if tags.get("environment") == "set by the caller" else "as sudo makes it"),
            ("links", "" if tags.get("links") == "followed" else "not followed"),
            ("further programs", tags.get("further programs", "")),
            ("programs inside", tags.get("programs inside", "")),
            ("input log", tags.get("input log", "")),
            ("output log", tags.get("output log", "")),
            ("digest", entry.digest),
        )
        if value
    ]
    return tuple(found)


def _matching(entry: Entry, group: str, groups: Mapping[str, frozenset[str]]) -> list[Box]:
    runas = (Item(name="root"),) if entry.runas is None else entry.runas
    own = (Where(dimension="as group", among=(literal("own"),)),)
    lists: list[list[Box]] = [
        _ordered(entry.users, lambda name: _is(group, name, groups)),
        _ordered(entry.hosts, lambda name: _value("host", name.lower())),
        _ordered(runas, lambda name: _value("as", name)),
        [own] if entry.groups is None else [*_ordered(entry.groups, lambda name: _value("as group", name)), own],
    ]
    lists.append(_commands(entry.command.name))
    return [tuple(dict.fromkeys(where for part in parts for where in part)) for parts in product(*lists)]


def _commands(text: str) -> list[Box]:
    """The ways to name a command: sudo compares files, and where `/bin` is `/usr/bin` two names are one file."""
    if not re.match(r"/s?bin/", text):
        return [_command(text)]
    merged = [Where(dimension="/bin is /usr/bin", among=(literal("yes"),), negated=no) for no in (True, False)]
    return [(merged[0], *_command(text)), (merged[1], *_command("/usr" + text))]


def _ordered(found: Iterable[Item], test: object) -> list[Box]:
    """The ways in which a list holds: one member that is taken matches, none that is excluded later does."""
    assert callable(test)  # noqa: S101 - a function of this module
    ways: list[Box] = []
    listed = list(found)
    for at, item in enumerate(listed):
        mine = test(_plain(item.name))
        if not item.taken or mine is False:
            continue
        way: list[Where] = [] if mine is True else [mine]
        for later in listed[at + 1 :]:
            theirs = False if later.taken else test(_plain(later.name))
            if theirs is True:
                break
            if theirs is not False:
                way.append(_negated(theirs))
        else:
            ways.append(tuple(way))
    return ways


def _is(group: str, name: str, groups: Mapping[str, frozenset[str]]) -> bool | Where:
    """Whether the person is meant: by name, as a member of a listed group, or by a membership that nobody sees."""
    if name == "ALL" or (group and name == "%" + group):
        return True
    if name.startswith("%") and name[1:] in groups:
        members = sorted(groups[name[1:]])
        return bool(members) and Where(dimension="person", among=tuple(map(literal, members)))
    if name.startswith(("%", "+", "#")):
        return Where(dimension=f"{'is' if name.startswith('#') else 'in'} {name}", among=(literal("yes"),))
    return Where(dimension="person", among=(literal(name),))


def _value(dimension: str, name: str) -> bool | Where:
    if name in {"ALL", "all"}:
        return True
    return Where(dimension=dimension, among=(glob(name) if dimension == "host" else literal(name),))


def _negated(where: Where) -> Where:
    return Where(dimension=where.dimension, among=where.among, negated=not where.negated)


def _command(text: str) -> Box:
    """A command and its arguments as conditions.

    Raises:
        SyntaxProblemError: a regular expression, or a class of signs that excludes.
    """
    if text == "ALL":
        return ()
    name, _, arguments = text.partition(" ")
    rest = arguments.strip()
    if name != "sudoedit" and not name.startswith("/") and name not in {"list", "sudo"}:
        raise SyntaxProblemError
    if rest.startswith("^") or (name == "sudoedit" and set("*?[") & set(rest)):
        raise SyntaxProblemError
    path = _pattern(name, ANY_NAME, RUN_NAME)
    if name.endswith("/"):
        path = Glob((*path.tokens, ANY_NAME, RUN_NAME))
    found = (Where(dimension="command", among=(path,)),)
    if not rest:
        return found
    if rest == '""':
        return (*found, Where(dimension="arguments", among=(literal(""),)))
    wanted = _pattern(" ".join(rest.split()), "any", "run")
    return (*found, Where(dimension="arguments", among=(wanted,)))


def _pattern(text: str, one: str, run: str) -> Glob:
    tokens: list[str] = []
    for found in re.finditer(r"\\(.)|\[([^\]\[]+)\]|(.)", text, re.DOTALL):
        escaped, signs, plain = found.groups()
        if escaped is not None:
            tokens.append(escaped)
        elif signs is not None:
            tokens.append(_signs(signs))
        else:
            tokens.append(run if plain == "*" else one if plain == "?" else plain)
    return Glob(tuple(merged_runs(tokens)))


def _signs(text: str) -> str:
    if text[0] in "!^":
        raise SyntaxProblemError
    ranges = re.sub(
        r"(.)-(.)", lambda found: "".join(map(chr, range(ord(found.group(1)), ord(found.group(2)) + 1))), text
    )
    return "".join(sorted(set(ranges)))


def _without(left: list[Box], taken: Sequence[Box]) -> list[Box]:
    """The boxes less what the others hold, as boxes."""
    for box in taken:
        after: list[Box] = []
        for one in left:
            if _apart(one, box):
                after.append(one)
                continue
            after += [
                (*one, _negated(where)) if _negated(where) not in one else one
                for where in box
                if not any(_inside(mine, where) for mine in one)
            ]
        left = list(dict.fromkeys(after))
        if len(left) > MAX_BOXES:
            raise _TooManyBoxesError
    return left


def _inside(mine: Where, where: Where) -> bool:
    """Whether all that satisfies one condition satisfies the other, so that nothing is left without it."""
    return mine.dimension == where.dimension and (
        mine == where or (not mine.negated and not where.negated and set(mine.among) <= set(where.among))
    )


def _apart(one: Box, other: Box) -> bool:
    """True only where no request is in both."""
    for mine in one:
        for where in other:
            if mine.dimension == where.dimension and (mine == _negated(where) or _other_words(mine, where)):
                return True
    return False


def _other_words(mine: Where, where: Where) -> bool:
    if mine.negated or where.negated:
        return False
    texts = [{atom.literal if isinstance(atom, Glob) else None for atom in one.among} for one in (mine, where)]
    return None not in texts[0] | texts[1] and not texts[0] & texts[1]
