"""Which of two versions is later, and whether a range lets more in than before.

Only what is certain is said: versions of another shape cannot be ordered (None), and a range
whose signs change is another range.
"""

from __future__ import annotations

import re
from typing import Final

from magistrate.impact.compiled import rx

MAX_VERSION: Final = 120
LEAP: Final = 20
YEARS: Final = 1_900
SEMVER: Final = frozenset({"npm", "cargo", "go"})
FIRST: Final = rx(r"\d{1,18}")
VERSION: Final = rx(r"v?(\d{1,18}(?:\.\d{1,18}){0,6})([A-Za-z0-9.+_-]*)")
BEFORE: Final = {
    "dev": -5, "snapshot": -5, "alpha": -4, "a": -4, "canary": -4, "next": -4, "m": -4, "beta": -3, "b": -3, "pre": -2,
    "preview": -2, "rc": -2, "c": -2, "cr": -2, "": 0, "final": 0, "release": 0, "ga": 0, "post": 1, "sp": 1,
}  # fmt: skip
PSEUDO: Final = rx(r"-(?:0\.|[0-9A-Za-z.-]*\.0\.)?(\d{14})-[0-9a-f]{12}(?:\+incompatible)?\Z")
PARTS: Final = rx(r"[a-z]+|\d+")
CLAUSE: Final = rx(r"(===|==|~=|>=|<=|!=|\^|~>|~|>|<|=)?[ \t]*v?(\d[A-Za-z0-9.+_*-]*|\*|x|X)")
WILD: Final = rx(r"(\d{1,18}(?:\.\d{1,18}){0,3})(?:\.[xX*]){1,3}")
LOWER: Final = frozenset({"==", "===", "~=", ">=", "^", "~", "~>", "=", "", ">"})
EXACT: Final = frozenset({"==", "===", "="})


def order(old: str, new: str) -> int | None:
    """-1 where `new` is earlier, 1 where it is later, 0 where it is the same text, None where nobody can say."""
    return 0 if old == new else _compared(old, new) or None


def _compared(old: str, new: str) -> int | None:
    if len(old) > MAX_VERSION or len(new) > MAX_VERSION:
        return None
    a, b = VERSION.fullmatch(old), VERSION.fullmatch(new)
    if a is None or b is None:
        return None
    left, right = _release(a[1]), _release(b[1])
    width = max(len(left), len(right))
    left, right = left + (0,) * (width - len(left)), right + (0,) * (width - len(right))
    if left != right:
        return 1 if right > left else -1
    times = PSEUDO.search(old), PSEUDO.search(new)
    if times[0] and times[1]:
        return _sign(times[0][1], times[1][1])
    tails = _tail(a[2]), _tail(b[2])
    if tails[0] is None or tails[1] is None:
        return None
    return _sign(tails[0], tails[1])


def _sign(old: tuple[int, ...] | str, new: tuple[int, ...] | str) -> int:
    return (new > old) - (new < old)  # type: ignore[operator]


def _release(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _tail(text: str) -> tuple[int, ...] | None:
    """A word that says before or after the release, with its numbers; None for any other tail."""
    parts = PARTS.findall(text.lower())
    word = parts[0] if parts and parts[0].isalpha() else ""
    numbers = parts[1:] if word else parts
    if word not in BEFORE or any(part.isalpha() for part in numbers) or "+" in text or (not word and parts):
        return None
    return (BEFORE[word], *(int(part) for part in numbers))


def is_before_release(version: str, ecosystem: str) -> bool:
    """Whether a version, or a bound of a range, is no release: a word that says so, or a commit; any tail in semver."""
    for bound in [one for _, one in clauses(version) or ()] or [version]:
        found = VERSION.fullmatch(bound)
        tail = _tail(found[2]) if found else None
        if PSEUDO.search(bound) or (tail is not None and tail[0] < 0):
            return True
        if found and "-" in found[2].partition("+")[0] and ecosystem in SEMVER:
            return True
    return False


def odd_step(old: str, new: str, ecosystem: str) -> str | None:
    """What is odd about a step upwards although it is one: another kind of version, or a leap."""
    if is_before_release(new, ecosystem) and not is_before_release(old, ecosystem):
        return "is no release yet, or a commit that is none"
    if ecosystem == "pypi" and "+" in new and "+" not in old:
        return "is a local version, which no public index has"
    a, b = FIRST.search(old), FIRST.search(new)
    if a and b and int(a[0]) < YEARS and int(b[0]) - int(a[0]) > LEAP:
        return f"leaps from {a[0]} to {b[0]}, as packages do that win by their number"
    return None


def clauses(text: str) -> tuple[tuple[str, str], ...] | None:
    """A range as its signs and versions, or None where it is written in another way (`||`, ` - `, words)."""
    found = []
    for piece in re.split(r"[ \t]*,[ \t]*|[ \t]+(?=[<>=~!^\d])", text.strip()[:MAX_VERSION]):
        one = CLAUSE.fullmatch(piece.strip())
        if one is None:
            return None
        found.append((one[1] or "", one[2]))
    return tuple(found)


def range_moves(old: str, new: str) -> tuple[int | None, str]:
    """How a range moves: 1 upwards, -1 downwards or wider, None where nobody can say; and in words."""
    a, b = clauses(old), clauses(new)
    if a is None or b is None:
        return None, "the range is written in a way whose meaning this cannot compare"
    if [sign for sign, _ in a] != [sign for sign, _ in b]:
        if len(b) == 1 and b[0][0] in EXACT | {""} and _floor(a) is not None and _upwards(_floor(a), b[0][1]):
            return 1, "the range becomes one version"
        return -1, "the range is written with other signs, so it may let in what it did not"
    moved = 0
    for (sign, one), (_, other) in zip(a, b, strict=True):
        if one == other:
            continue
        if sign == "!=":
            return -1, "another version is excluded than before"
        way = order(one.removesuffix(".*"), other.removesuffix(".*"))
        if one.endswith("*") != other.endswith("*") or way is None or way < 0:
            return way if way == -1 else None, "the range goes down, or cannot be ordered"
        moved = 1
    return moved, "the range goes up"


def _floor(found: tuple[tuple[str, str], ...]) -> str | None:
    return next((version for sign, version in found if sign in LOWER), None)


def _upwards(old: str | None, new: str) -> bool:
    return old is not None and order(old, new) in {0, 1}


def open_range(text: str) -> bool:
    """Whether a range lets in anything: no number, or no lower bound."""
    found = clauses(text)
    return found is None or not any(version[:1].isdigit() and sign in LOWER for sign, version in found)


def holds(text: str, version: str) -> bool | None:
    """Whether a version lies in a range; a bare version means what `^` means. None where nobody can say."""
    found = clauses(text)
    if found is None:
        return None
    for sign, bound in found:
        prefix = WILD.fullmatch(bound)
        if prefix is not None and sign in {"", "==", "=", "^", "~"}:
            numbers, given = _release(prefix[1]), VERSION.match(version)
            if given is not None and (_release(given[1]) + (0,) * 7)[: len(numbers)] != numbers:
                return False
            continue
        if "*" in bound or "x" in bound.lower() or sign in {"!=", "~=", "~>", "~"}:
            if sign in {"~=", "~>", "~"} and order(bound, version) == -1:
                return False
            continue
        way = _compared(bound, version)
        if way is None:
            return None
        good = {
            "==": way == 0, "===": way == 0, "=": way == 0, ">=": way >= 0, ">": way > 0, "<=": way <= 0, "<": way < 0,
        }.get(sign, way >= 0)  # fmt: skip
        if not good or (sign in {"^", ""} and _major(bound) != _major(version)):
            return False
    return True


def _major(version: str) -> tuple[int, ...]:
    """The part that `^` holds fast: up to the first number that is not zero."""
    found = VERSION.match(version)
    numbers = _release(found[1]) if found else ()
    first = next((n for n, one in enumerate(numbers) if one), len(numbers) - 1)
    return numbers[: first + 1]
