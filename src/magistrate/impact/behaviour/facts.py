"""Facts of one side of a file that decide what a running system does, and how two sides differ in them.

Rule kept (R29): a difference is named by what stands in the bytes on either side. Nothing here lowers
or raises a change; what cannot be named is told elsewhere as `other`.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from magistrate.impact.compiled import rx

SHOWN: Final = 120
"""Characters of a value that are shown."""
LEAD: Final = 24
MAX_LISTED: Final = 12
"""Things that are named in one entry where a whole class or file is new or gone."""
HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
ODD: Final = frozenset("\u115f\u1160\u3164\uffa0\u00a0\u2800\u034f")
"""Letters and spaces that show as nothing, though their category does not say so."""
PARTS: Final = rx(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
LIMITS: Final = frozenset(
    {
        "timeout", "timeouts", "limit", "limits", "max", "maximum", "min", "minimum", "retry", "retries", "attempt",
        "attempts", "backoff", "ttl", "interval", "delay", "deadline", "threshold", "quota", "rate", "concurrency",
        "workers", "pool", "buffer", "capacity", "expiry", "expire", "expires", "expiration", "lifetime", "age",
        "window", "period", "keepalive", "duration", "seconds", "millis", "wait", "throttle", "burst", "parallelism",
        "replicas", "batch", "cpu", "memory", "depth", "size",
    }
)  # fmt: skip
FLAGS: Final = frozenset(
    {
        "flag", "flags", "feature", "features", "enable", "enabled", "disable", "disabled", "toggle", "experimental",
        "debug", "strict", "secure", "allow", "verify",
    }
)  # fmt: skip
TRUTHS: Final = frozenset({"true", "false", "yes", "no", "on", "off"})
QUIET: Final = rx(
    r"(?i)passw|passphrase|passcode|secret|token|credential|bearer|(?:api|access|private|signing|encryption|master|ssh|hmac|jwt)[_.-]?key|\bpwd\b|\bcreds?\b|"
    r"connection_?string|webhook_?url"
)
"""Names under which a secret may stand."""
MASKED: Final = "[masked]"


class Kind(StrEnum):
    """The kinds of entries, in the words of the assess contract."""

    ROUTE = "route"
    SCHEMA = "schema"
    EXIT = "exit"
    SIGNATURE = "signature"
    LIMIT = "limit"
    FLAG = "flag"
    DEFAULT = "default"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing of one side.

    `what` names it in words and is the same on both sides; `value` is what may differ. `within` is the
    function or class it stands in, empty for the file. `lone`: whether it is told where only one side has it.
    """

    kind: Kind
    what: str
    value: str
    line: int
    within: str = ""
    lone: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """All facts of one side, and the functions, classes and the file (empty name) that they may stand in.

    `changed` are those of them that have changed lines, in the order of the text.
    """

    facts: tuple[Fact, ...] = ()
    scopes: frozenset[str] = frozenset()
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a reader made of both sides: the differences, and the functions and classes that have changed lines."""

    found: tuple[Found, ...]
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One difference; a line is 0 and a value None where that side has nothing."""

    kind: Kind
    what: str
    before: str | None
    after: str | None
    lines: tuple[int, int]


def named_kind(name: str, value: str = "") -> Kind:
    """Whether a name is that of a limit, a switch or another setting; a value that is yes or no is a switch."""
    words = {word.lower() for word in PARTS.findall(name)}
    if value.strip("\"'`").lower() in TRUTHS:
        return Kind.FLAG
    if words & LIMITS:
        return Kind.LIMIT
    return Kind.FLAG if words & FLAGS else Kind.DEFAULT


def quiet_name(name: str) -> bool:
    """Whether a value under this name may be a secret, which no verdict quotes."""
    return QUIET.search(name) is not None


def named(old: Side, new: Side) -> Named:
    """What differs, and where: the innermost places that have changed lines."""
    names = list(dict.fromkeys((*new.changed, *old.changed)))
    inner = [name for name in names if not any(other.startswith(f"{name}.") for other in names)]
    return Named(found=tuple(differences(old, new)), places=tuple(inner))


def differences(old: Side, new: Side) -> Iterator[Found]:
    """What differs, in the order of the new side and then of what is gone; what only moved does not."""
    before, after = _grouped(old.facts), _grouped(new.facts)
    shared = old.scopes & new.scopes
    alone: list[tuple[Fact, bool]] = []
    for key in [*after, *(key for key in before if key not in after)]:
        left, right = _without_equal(before.get(key, []), after.get(key, []))
        paired = min(len(left), len(right))
        for a, b in zip(left, right, strict=False):
            kind = a.kind if b.kind is Kind.DEFAULT else b.kind
            yield Found(kind=kind, what=b.what, before=a.value, after=b.value, lines=(a.line, b.line))
        alone += [(one, False) for one in left[paired:] if one.lone]
        alone += [(one, True) for one in right[paired:] if one.lone]
    yield from _alone(alone, shared, old.scopes | new.scopes)


def _grouped(facts: Iterable[Fact]) -> dict[tuple[bool, str], list[Fact]]:
    found: dict[tuple[bool, str], list[Fact]] = {}
    for fact in facts:
        found.setdefault((fact.kind in _OWN, f"{fact.kind if fact.kind in _OWN else ''} {fact.what}"), []).append(fact)
    return found


_OWN: Final = frozenset({Kind.ROUTE, Kind.SCHEMA, Kind.EXIT, Kind.SIGNATURE})
"""Kinds that a thing keeps; a setting may turn from a number into a switch."""


def _without_equal(left: Sequence[Fact], right: Sequence[Fact]) -> tuple[list[Fact], list[Fact]]:
    common = Counter(one.value for one in left) & Counter(one.value for one in right)
    return _less(left, common), _less(right, common)


def _less(facts: Sequence[Fact], common: Counter[str]) -> list[Fact]:
    rest = Counter(common)
    kept: list[Fact] = []
    for one in facts:
        if rest[one.value] > 0:
            rest[one.value] -= 1
        else:
            kept.append(one)
    return kept


def _alone(facts: Sequence[tuple[Fact, bool]], shared: frozenset[str], scopes: frozenset[str]) -> Iterator[Found]:
    """What one side has; of a function, class or file that is new or gone as a whole, its interface in one entry."""
    whole: dict[tuple[Kind, str, bool], list[Fact]] = {}
    for one, new in facts:
        if one.within in shared or one.kind is Kind.ROUTE or one.within not in scopes:
            yield _one_sided(one, new=new)
        elif one.kind in {Kind.SCHEMA, Kind.SIGNATURE} and not one.what.startswith("mark "):
            whole.setdefault((one.kind, one.within, new), []).append(one)
    for (kind, within, new), inside in whole.items():
        if kind is Kind.SIGNATURE and within and "" not in shared:
            continue
        if len(inside) == 1 or (kind is Kind.SIGNATURE and not within):
            yield from (_one_sided(one, new=new) for one in inside[:MAX_LISTED])
            continue
        names = [one.what.split("`")[1] if "`" in one.what else one.what for one in inside]
        more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
        value = ", ".join(names[:MAX_LISTED]) + more
        what = f"{'fields' if kind is Kind.SCHEMA else 'what is offered'} of `{within}`"
        first = replace(inside[0], what=what, value=value)
        yield _one_sided(first, new=new)


def _one_sided(one: Fact, *, new: bool) -> Found:
    if new:
        return Found(kind=one.kind, what=one.what, before=None, after=one.value, lines=(0, one.line))
    return Found(kind=one.kind, what=one.what, before=one.value, after=None, lines=(one.line, 0))


def shown(text: str) -> str:
    """One line without hidden characters, not longer than is shown."""
    return _cut(plain(text), 0)


def both_shown(before: str | None, after: str | None) -> tuple[str | None, str | None]:
    """Two values, cut so that the place where they differ is seen."""
    if before is None or after is None:
        return None if before is None else shown(before), None if after is None else shown(after)
    left, right = plain(before), plain(after)
    at = next((n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    start = max(0, at - LEAD) if at > SHOWN - LEAD else 0
    return _cut(left, start), _cut(right, start)


def _cut(text: str, start: int) -> str:
    kept = text[start : start + SHOWN]
    return ("…" if start else "") + kept + ("…" if len(text) > start + SHOWN else "")


def plain(text: str) -> str:
    """Blanks as one, hidden characters written out as `<U+202E>`."""
    one = " ".join(text[:20_000].split())
    if one.isascii() and one.isprintable():
        return one
    return "".join(f"<U+{ord(sign):04X}>" if _hides(sign) else sign for sign in one)


def _hides(sign: str) -> bool:
    hidden = unicodedata.category(sign) in HIDDEN or sign in ODD
    return hidden or "\ufe00" <= sign <= "\ufe0f" or ord(sign) > 0xE0000  # noqa: PLR2004  variation selectors, tags
