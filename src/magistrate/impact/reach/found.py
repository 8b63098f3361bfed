"""Which secret a finding is about, what it opens and who uses it, read from a base tree (R36).

A secret that stands in the open is known by the name it is given there; who uses that name uses it, and so does every
other text that holds the same value.

Rule kept (R8): a value is compared and never told; what may be a value is no name. A place that names nothing is the
secret `*`, which opens `unknown`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from magistrate.domain.impact import SecretReach
from magistrate.errors import Usage
from magistrate.impact.compiled import rx
from magistrate.impact.reach.consumers import MAX_CONSUMERS, MAX_TEXT, UNKNOWN, Texts
from magistrate.impact.reach.declared import map_in
from magistrate.impact.reach.secrets import ANY, likely, named_in

MAX_PLACES: Final = 200
MAX_LINES: Final = 40
MAX_LINE: Final = 4_000
MAX_NAMES: Final = 8
MAX_VALUES: Final = 8
MIN_VALUE: Final = 8
Place = tuple[str, int, int]
_GIVEN: Final = rx(r"([A-Za-z_][\w-]{0,80})[\"']?\]?[ \t]*(?::=|=>|:|=(?!=))[ \t]*(?=\S)")
_QUOTED: Final = rx(r"\"([^\"\n]{1,1000})\"|'([^'\n]{1,1000})'|`([^`\n]{1,1000})`")
_KEY_END: Final = rx(r"[ \t]*\]?[ \t]*[:=]")
_BARE: Final = rx(r"[:=][ \t]*([^\s\"'`$({\[,;]{8,1000})")
_SHORT: Final = 8
_PLAIN: Final = rx(
    r"_*(?:[a-z]{2,}|[A-Z]{2,}|[A-Za-z][a-z]{2,}(?:[A-Z][a-z]{2,}){0,6})(?:[_-](?:[a-z]+|[A-Z]+|\d+)){0,8}\Z"
)
"""How names are written that do not say that they hold a secret; what is written otherwise may be the secret."""
_LIKE_A_VALUE: Final = rx(r"(?:\D*\d){4}|(?:\d[A-Za-z].*){2}|(?=.{20})(?!.*[_.-])|.{41}")


def reaches_of(request: Mapping[str, Any]) -> dict[str, Any]:
    """What each place of a request tells: `texts` of a tree, whether they are `complete`, `places` of findings.

    Raises:
        Usage: MAG-E250 for a part with another shape.
    """
    files, places, complete = request.get("texts"), request.get("places"), request.get("complete")
    if not isinstance(files, dict) or not all(isinstance(one, str) for pair in files.items() for one in pair):
        raise Usage("MAG-E250", "`texts` is a map from paths to texts")
    if not isinstance(places, list) or len(places) > MAX_PLACES or not all(map(_is_place, places)):
        raise Usage("MAG-E250", f"`places` is a list of path, first and last line, {MAX_PLACES} at most")
    found = secrets_at(files, [(path, start, end) for path, start, end in places], known=complete is True)
    return {"places": [[_told(row) for row in rows] for rows in found]}


def secrets_at(files: Mapping[str, str], places: Sequence[Place], *, known: bool) -> list[tuple[SecretReach, ...]]:
    """The secrets of each place, in order of the places; at least one each. `known`: the texts are the whole tree."""
    texts = Texts(states=[files], known=known)
    declared = map_in(files)
    opened = declared.secrets if declared is not None else {}
    return [tuple(_rows(texts, files, opened, place)) for place in places]


def _rows(
    texts: Texts, files: Mapping[str, str], opened: Mapping[str, tuple[str, ...]], place: Place
) -> Iterator[SecretReach]:
    path, start, end = place
    text = files.get(path)
    lines = _lines(text, start, end)
    values = list(_values(lines))
    holders = {other for other, held in files.items() if any(value in held for value in values)}
    names = sorted(_names(path, text or "", lines, start, values))
    for name in names[:MAX_NAMES]:
        users = {*texts.users_of(name), *holders, path}
        yield SecretReach(
            name=name, path=path, line=start, consumers=_bounded(users), opens=texts.opened_by(name, opened)
        )
    if not names or len(names) > MAX_NAMES:
        users = {*holders, path, UNKNOWN}
        yield SecretReach(name=ANY, path=path, line=start, consumers=_bounded(users), opens=(UNKNOWN,))


def _lines(text: str | None, start: int, end: int) -> list[str]:
    """The lines of a place; none where the text is not at hand, too large, or the tool named no line."""
    if text is None or len(text) > MAX_TEXT or start < 1:
        return []
    return [line[:MAX_LINE] for line in text.split("\n")[start - 1 : min(max(start, end), start + MAX_LINES)]]


def _names(path: str, text: str, lines: Sequence[str], start: int, values: Sequence[str]) -> set[str]:
    """The names that a place gives to a secret: those that say so, else all that are given something there."""
    if not lines:
        return set()
    said = {one.name for one in named_in(path, text) if start <= one.line < start + len(lines)} - {ANY}
    given = [[one[1] for one in _GIVEN.finditer(_QUOTED.sub(_emptied, line))] for line in lines]
    telling = {name for names in given for name in names if likely(name)}
    chosen = said | telling or {names[0] for names in given if names}
    return {name for name in chosen if _is_name(name) and not any(name in value for value in values)}


def _is_name(name: str) -> bool:
    """Whether it may be told: it looks like no value, and says that it holds a secret or is written as names are."""
    if _LIKE_A_VALUE.search(name):
        return False
    return likely(name) or len(name) < _SHORT or _PLAIN.match(name) is not None


def _emptied(quoted: re.Match[str]) -> str:
    """Text in quotes stays where it may be a key that says what it holds."""
    held = quoted[0][1:-1]
    return quoted[0] if re.fullmatch(r"[A-Za-z_][\w-]{0,80}", held) and likely(held) else '""'


def _values(lines: Sequence[str]) -> Iterator[str]:
    """What may be the secret itself: texts in quotes, and what is given without them."""
    found = [
        next(part for part in one.groups() if part)
        for line in lines
        for one in _QUOTED.finditer(line)
        if not _KEY_END.match(line, one.end())
    ]
    found += [one[1] for line in lines for one in _BARE.finditer(line)]
    yield from sorted({value for value in found if len(value) >= MIN_VALUE}, key=len, reverse=True)[:MAX_VALUES]


def _bounded(users: set[str]) -> tuple[str, ...]:
    told = sorted(users)
    return tuple(told) if len(told) <= MAX_CONSUMERS else (*sorted(users - {UNKNOWN})[:MAX_CONSUMERS], UNKNOWN)


def _is_place(value: object) -> bool:
    match value:
        case [str(), int() as start, int() as end]:
            return not isinstance(start, bool) and not isinstance(end, bool)
        case _:
            return False


def _told(row: SecretReach) -> dict[str, Any]:
    named = {"name": row.name, "path": row.path, "line": row.line}
    return {**named, "consumers": list(row.consumers), "opens": list(row.opens)}
