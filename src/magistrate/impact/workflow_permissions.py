"""What a GitHub workflow grants its token, read line by line without a YAML library.

Reads block and flow maps under `permissions:`, at the top and per job. What it cannot read it
reports as unreadable, which is treated as wider.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from magistrate.impact.compiled import rx

RANK: Final = {"none": 0, "read": 1, "write": 2}
KEY: Final = rx(r"^(\s*)(?:- )?['\"]?([A-Za-z0-9_-]+)['\"]?\s*:\s*(.*?)\s*(?:#.*)?$")
ALL: Final = "(all scopes)"
DEFAULT: Final = "(repository default)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One scope at one place (`""` is the whole workflow), with its line."""

    place: str
    scope: str
    level: str
    line: int


def grants(text: str) -> dict[tuple[str, str], Grant]:
    """Every grant in the text by place and scope."""
    found: dict[tuple[str, str], Grant] = {}
    stack: list[tuple[int, str]] = []
    for number, raw in enumerate(text.split("\n"), 1):
        matched = KEY.match(raw.rstrip("\r"))
        if matched is None or raw.lstrip().startswith("#"):
            continue
        indent, key, value = len(matched[1]), matched[2], matched[3]
        while stack and stack[-1][0] >= indent:
            stack.pop()
        if stack and stack[-1][1] == "permissions" and value:
            _put(found, _place(stack[:-1]), key, value, number)
        elif key == "permissions" and value:
            for scope, level in _inline(value):
                _put(found, _place(stack), scope, level, number)
        stack.append((indent, key))
    return found


def widened(before: str, after: str) -> Iterator[tuple[int, str]]:
    """(line, words) for every scope that the new side grants more of."""
    old, new = grants(before), grants(after)
    for (place, scope), grant in sorted(new.items(), key=lambda item: item[1].line):
        was = old.get((place, scope)) or old.get((place, ALL)) or old.get(("", scope))
        level = was.level if was is not None else ("none" if before.strip() else "nothing")
        if RANK.get(grant.level, 3) > RANK.get(level, 0):
            where = f" in job `{place}`" if place else ""
            yield (
                grant.line,
                f"`{scope}: {level} -> {grant.level}`{where}: the workflow's token may do more than before",
            )
    for place in sorted({place for place, _ in old} - {place for place, _ in new}):
        if not place or f"{place}:" in after:
            where = f"of job `{place}` " if place else ""
            yield 0, f"`permissions` {where}is gone: the token falls back to {DEFAULT}, which may be write"


def _place(stack: list[tuple[int, str]]) -> str:
    names = [name for _, name in stack]
    return names[names.index("jobs") + 1] if "jobs" in names and names.index("jobs") + 1 < len(names) else ""


def _inline(value: str) -> Iterator[tuple[str, str]]:
    plain = value.strip().strip("'\"")
    if plain in {"write-all", "read-all"}:
        yield ALL, plain.removesuffix("-all")
    elif plain == "{}":
        yield ALL, "none"
    elif plain.startswith("{") and plain.endswith("}"):
        for pair in plain[1:-1].split(","):
            scope, _, level = pair.partition(":")
            yield scope.strip().strip("'\""), level.strip()
    else:
        yield ALL, "unreadable"


def _put(found: dict[tuple[str, str], Grant], place: str, scope: str, level: str, line: int) -> None:
    plain = level.strip().strip("'\"")
    found[place, scope] = Grant(place=place, scope=scope, level=plain, line=line)
