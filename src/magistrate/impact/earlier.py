"""What the history behind the base commit says, as facts that come with a case (ADR 0014).

Rule kept (invariant 3): facts come from whoever asks, who recomputes them from objects of his own;
fewer facts (a shallow clone, no base commit) prove less and never more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from magistrate.domain.history import MAX_LANDED
from magistrate.errors import Usage
from magistrate.impact.compiled import rx

OBJECT_ID: Final = rx(r"[0-9a-f]{40}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """One commit of the first-parent history: its tree, and what was written about it.

    `merged` are subjects of the side that it merged; `said` is the text below its subject, cut.
    """

    commit: str
    tree: str
    subject: str
    merged: tuple[str, ...] = ()
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Altered:
    """One path of a landed commit: blob id and mode on both sides, None where the path is absent."""

    path: str
    before: str | None
    after: str | None
    mode_before: str | None
    mode_after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """Facts of the first-parent history, newest first; `landed[0]` is the base commit itself.

    Only what a proof may need: up to the tree that comes back, or up to the commit `of` that may be
    taken back, with all its paths. Nothing here tells how far the history at hand reaches, so that
    parties who prove the same say the same.
    """

    result_tree: str
    landed: tuple[Landed, ...]
    of: str = ""
    altered: tuple[Altered, ...] = ()


def earlier_of(value: object) -> Earlier | None:
    """Facts in the form of the assess contract (`context.earlier`); None where there are none.

    Raises:
        Usage: MAG-E250 for a part with another shape.
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        raise Usage("MAG-E250", "`context.earlier` is not an object")
    landed, altered = _listed(value, "landed", MAX_LANDED), _listed(value, "altered", MAX_LANDED)
    return Earlier(
        result_tree=_identity(value.get("result_tree")),
        landed=tuple(_landed(one) for one in landed),
        of=_identity(value.get("of")) if altered else "",
        altered=tuple(_altered(one) for one in altered),
    )


def _listed(value: Mapping[str, Any], name: str, most: int) -> Sequence[Mapping[str, Any]]:
    found = value.get(name, [])
    if not isinstance(found, list) or len(found) > most or not all(isinstance(one, dict) for one in found):
        raise Usage("MAG-E250", f"`context.earlier.{name}` is not a list of at most {most} objects")
    return found


def _landed(one: Mapping[str, Any]) -> Landed:
    merged = one.get("merged", [])
    if not isinstance(merged, list):
        raise Usage("MAG-E250", "`merged` of a landed commit is not a list")
    return Landed(
        commit=_identity(one.get("commit")),
        tree=_identity(one.get("tree")),
        subject=_text(one.get("subject")),
        merged=tuple(_text(subject) for subject in merged),
        said=_text(one.get("said", "")),
    )


def _altered(one: Mapping[str, Any]) -> Altered:
    sides = [None if one.get(name) is None else _identity(one[name]) for name in ("before", "after")]
    modes = [None if one.get(name) is None else _text(one[name]) for name in ("mode_before", "mode_after")]
    return Altered(
        path=_text(one.get("path")), before=sides[0], after=sides[1], mode_before=modes[0], mode_after=modes[1]
    )


def _identity(value: object) -> str:
    if not isinstance(value, str) or OBJECT_ID.match(value) is None:
        raise Usage("MAG-E250", "an object of `context.earlier` is not named by 40 hexadecimal digits")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Usage("MAG-E250", "`context.earlier` has something else where a text belongs")
    return value
