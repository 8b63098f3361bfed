"""Constraints on versions, as Terraform reads them: which versions of a provider, a module or of itself may run.

Follows "Version Constraints" and go-version, which Terraform uses. Two things are told apart: the lowest version that is let in,
and all else (`otherwise`). A higher lowest version alone never brings another version in, and never another *newest* one: what
is picked is the newest that all constraints let in. All else decides which that is, and is compared as it stands.

Rule kept: what is not read as a constraint (pre-releases, more than three parts, something filled in) counts with its text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from magistrate.impact.compiled import rx

PART: Final = 1_000_000
TOP: Final = PART**3 - 1
"""Above every version that is told as a number."""
_ONE: Final = rx(r"(=|!=|>=|<=|>|<|~>|)\s*v?(\d{1,6})(?:\.(\d{1,6}))?(?:\.(\d{1,6}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """The versions that are let in: from `low`, below `high` (where told), and what else decides."""

    low: int = 0
    high: int = TOP + 1
    pins: frozenset[str] = frozenset()
    """What has to hold beside: exact versions, versions that are left out, texts that are not read."""
    exact: frozenset[int] = frozenset()
    """The exact versions that are asked for, as numbers."""

    @property
    def span(self) -> tuple[int, int]:
        """The lowest and the highest version that is let in; one exact version is both, where all else lets it in."""
        low, high = self.low, min(self.high - 1, TOP)
        (one, *more) = [*self.exact] or [-1]
        return (one, one) if not more and low <= one <= high else (low, high)

    @property
    def otherwise(self) -> str:
        """All that decides which is the newest, beside the lowest: equal texts, equal newest one."""
        below = [f"below {version(self.high)}"] if self.high <= TOP else []
        return json.dumps([*below, *sorted(self.pins)])

    @property
    def words(self) -> str:
        """As people write it."""
        told = [f">= {version(self.low)}"] if self.low else []
        told += [f"< {version(self.high)}"] if self.high <= TOP else []
        return ", ".join((*told, *sorted(self.pins))) or "any version"


def versions(constraints: Iterable[object]) -> Versions:
    """All constraints together."""
    low, high, pins, exact = 0, TOP + 1, set[str](), set[int]()
    for constraint in constraints:
        for part in _parts(constraint):
            found = _ONE.fullmatch(part)
            if found is None:
                pins.add(part)
                continue
            sign, given = found.group(1), [int(one) for one in found.groups()[1:] if one is not None]
            at = _number(given)
            if sign in {"", "=", "!="}:
                pins.add(f"{sign or '='} {version(at)}")
                exact |= {at} if sign != "!=" else set()
            elif sign in {">=", ">"}:
                low = max(low, at + (sign == ">"))
            elif sign in {"<", "<="}:
                high = min(high, at + (sign == "<="))
            else:
                low = max(low, at)
                high = min(high, _after(given))
    return Versions(low=low, high=high, pins=frozenset(pins), exact=frozenset(exact))


def version(number: int) -> str:
    """A version that is told as a number, as people write it."""
    return f"{number // PART**2}.{number // PART % PART}.{number % PART}"


def _parts(constraint: object) -> list[str]:
    if constraint is None:
        return []
    if not isinstance(constraint, str):
        return [json.dumps(constraint, sort_keys=True, default=str)]
    return [" ".join(one.split()) for one in constraint.split(",") if one.strip()]


def _number(given: list[int]) -> int:
    major, minor, patch = (*given, 0, 0)[:3]
    return (major * PART + minor) * PART + patch


def _after(given: list[int]) -> int:
    """The first version that `~>` keeps out: all parts but the last one must be alike, so one part alone keeps nothing out."""
    if len(given) == 1:
        return TOP + 1
    kept = given[:-1]
    return _number([*kept[:-1], kept[-1] + 1])
