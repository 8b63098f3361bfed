"""Whose power a change moves: one row for each thing that somebody may do more, or less, with the request that shows it.

The state of all files that hold rights is compared before and after, each step for itself and a chain
as a whole (R28, R32); steps that together give what none gives alone are named.

Rule kept: without the repository nothing counts as out of reach; what cannot be resolved is `unknown`,
and both a widening and an unknown ask for the people who answer for permissions.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Final

from magistrate.domain.impact import (
    ChangeClass,
    Evidence,
    EvidenceRequest,
    FileChange,
    PrivilegeChange,
    PrivilegeTurn,
    Sensitivity,
)
from magistrate.impact.base import BaseTree
from magistrate.impact.compiled import rx
from magistrate.impact.privilege.dimensions import Shown
from magistrate.impact.privilege.domains.terraform_code import VERSION
from magistrate.impact.privilege.domains.terraform_versions import version
from magistrate.impact.privilege.engine import Change, Turn, delta
from magistrate.impact.privilege.model import Reader
from magistrate.impact.privilege.readers import READERS, grants_of_both, touched
from magistrate.impact.privilege.rendering.rendered import DOMAINS, SUFFIX, Rendered, comparisons, crashed, rendered

ADDRESSES: Final = frozenset({"peer", "cond:aws:sourceip", "cond:aws:vpcsourceip"})
V6: Final = 1 << 32
"""Addresses of IPv6 are numbers from here on."""
MAX_V6: Final = (1 << 128) - 1
MAX_ROWS: Final = 40
FILLING: Final = rx(r"(?:^|/)[^/]{0,200}(?:\.(?:env|properties|ini|conf|cfg|txt)|env|params)\Z")
"""Files of a kind that kustomizations fill objects with: only the repository says whether one does."""
RAISING: Final = frozenset({PrivilegeTurn.WIDENED, PrivilegeTurn.INCOMPARABLE, PrivilegeTurn.UNKNOWN})
Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Privilege:
    """The rows and how many `more` there are, what they raise, the steps that together widen.

    `asks_base`: the repository would say more. `wanted`: what has to be rendered for an exact answer.
    """

    rows: tuple[PrivilegeChange, ...] = ()
    raised: tuple[Sensitivity, ...] = ()
    together: tuple[int, ...] = ()
    asks_base: bool = False
    more: int = 0
    wanted: tuple[EvidenceRequest, ...] = ()


def privilege(
    steps: Sequence[Sequence[FileChange]],
    base: BaseTree,
    quiet: frozenset[str] = frozenset(),
    readers: tuple[Reader, ...] = READERS,
    evidence: Sequence[Evidence] = (),
) -> Privilege:
    """Compare the rights before and after; files that are proven to do the same as before (`quiet`) are not new code."""
    every_step = steps
    steps = [[change for change in step if change.path not in quiet] for step in steps]
    paths = {change.path for step in steps for change in step}
    mine = touched(paths, readers)
    shown = _rendered(every_step, base, paths, evidence)
    if not mine and not shown.ready and not shown.unknown:
        return Privilege(wanted=shown.wanted, asks_base=not base.known and any(map(FILLING.search, paths)))
    states = _states(steps, base)
    compare = partial(_both, states=states, mine=mine, every=readers if base.known else mine, base=base, shown=shown)
    found = [compare(one, other) for one, other in pairwise(range(len(states)))]
    whole = compare(0, len(states) - 1) if len(states) > 2 else ()  # noqa: PLR2004 - more than one step
    rows = _rows([*found, whole, shown.unknown], paths)
    every = shown.standing(readers if base.known else mine)
    return Privilege(
        rows=rows[:MAX_ROWS],
        raised=tuple(_raised(rows)),
        together=_together(whole, [change for one in found for change in one], states, every, base),
        asks_base=not base.known,
        more=max(0, len(rows) - MAX_ROWS),
        wanted=shown.wanted,
    )


def _rendered(
    steps: Sequence[Sequence[FileChange]], base: BaseTree, paths: set[str], evidence: Sequence[Evidence]
) -> Rendered:
    """What is rendered of it; a crash leaves the sources, and says that nobody knows more."""
    try:
        return rendered(steps, base, paths, evidence)
    except Exception as error:  # noqa: BLE001 - a crash must cost the renderings their answer and nothing else
        return Rendered(unknown=(crashed(error),))


def _both(  # noqa: PLR0913 - two states and all that is known of them
    old: int,
    new: int,
    *,
    states: Sequence[Texts],
    mine: tuple[Reader, ...],
    every: tuple[Reader, ...],
    base: BaseTree,
    shown: Rendered,
) -> tuple[Change, ...]:
    """What differs in the sources, and in what they are rendered to."""
    found = _compared(states[old], states[new], shown.standing(mine), shown.standing(every), base)
    for one, before, after, alone in comparisons(shown, old, new, states):
        own = shown.standing(every, one.apart)
        clusters = tuple(reader for reader in own if reader.domain in DOMAINS)
        found += _compared(before, after, clusters, clusters if alone else own, base)
    return found


def _texts(step: Sequence[FileChange], *, after: bool) -> dict[str, str]:
    sides = {change.path: change.after if after else change.before for change in step}
    return {path: side.decode("utf-8", "replace") for path, side in sides.items() if side is not None}


def _states(steps: Sequence[Sequence[FileChange]], base: BaseTree) -> list[Texts]:
    """All texts before the first step, and after each."""
    first: dict[str, str | None] = {}
    for step in steps:
        old = _texts(step, after=False)
        for change in step:
            first.setdefault(change.path, old.get(change.path))
    now = {path: text for path, text in {**base.files, **first}.items() if text is not None}
    states: list[Texts] = [now]
    for step in steps:
        new = _texts(step, after=True)
        changed = {change.path for change in step}
        now = {**{path: text for path, text in now.items() if path not in changed}, **new}
        states.append(now)
    return states


def _compared(
    before: Texts, after: Texts, mine: tuple[Reader, ...], every: tuple[Reader, ...], base: BaseTree
) -> tuple[Change, ...]:
    """What differs; without the repository every holder may be somebody's.

    Only what the readers of the changed files (`mine`) find can differ; the others say who reaches it. A comparison
    that fails leaves every domain of the changed files unknown, and costs nothing else of the verdict.
    """
    if before == after:
        return ()
    try:
        return _differences(before, after, mine, every, base)
    except Exception as error:  # noqa: BLE001 - a crash must cost these domains their answer and nothing else
        why = f"comparing the rights before and after failed ({type(error).__name__})"
        return tuple(
            Change(
                turn=Turn.UNKNOWN, domain=reader.domain, actor="somebody", by=None, request={}, values={}, why=why
            )
            for reader in mine
        )  # fmt: skip


def _differences(
    before: Texts, after: Texts, mine: tuple[Reader, ...], every: tuple[Reader, ...], base: BaseTree
) -> tuple[Change, ...]:
    both = grants_of_both(before, after, mine, every)
    if both is None:
        return ()
    sides = list(both)
    if not base.known:
        sides = [
            replace(side, live=side.live | ({holder.name for holder in side.holders} - side.compared)) for side in sides
        ]
    return delta(*sides)


def _rows(found: Sequence[tuple[Change, ...]], paths: set[str]) -> tuple[PrivilegeChange, ...]:
    rows: dict[PrivilegeChange, None] = {}
    for changes in found:
        turns = {
            domain: {one.turn for one in changes if one.domain == domain} for domain in {one.domain for one in changes}
        }
        for change in changes:
            rows.setdefault(_row(change, turns[change.domain], paths))
    order = list(PrivilegeTurn)
    return tuple(
        sorted(rows, key=lambda row: (order.index(row.verdict), row.domain, row.path, row.line, row.gains, row.who))
    )


def _row(change: Change, turns: set[Turn], paths: set[str]) -> PrivilegeChange:
    verdict = {
        Turn.GAINS: PrivilegeTurn.INCOMPARABLE if Turn.LOSES in turns else PrivilegeTurn.WIDENED,
        Turn.LOSES: PrivilegeTurn.INCOMPARABLE if Turn.GAINS in turns else PrivilegeTurn.NARROWED,
        Turn.UNKNOWN: PrivilegeTurn.UNKNOWN,
    }[change.turn]
    says = change.by.says if change.by is not None else ""
    more = f" and {change.also} more" if change.also else ""
    return PrivilegeChange(
        domain=change.domain,
        verdict=verdict,
        who=change.actor + more,
        gains=says or change.why,
        witness=_sentence(change) if change.turn is not Turn.UNKNOWN else change.why,
        path=change.place.path.removesuffix(SUFFIX) or min(paths, default=""),
        line=0 if change.place.path.endswith(SUFFIX) else change.place.line,
        loses=change.turn is Turn.LOSES,
    )


def _sentence(change: Change) -> str:
    """The request that shows it, in one sentence."""
    said = {name: shown for name, shown in change.request.items() if shown.text != "" or shown.many}
    parts = [f"{name.removeprefix('cond:')} {_told(name, shown)}" for name, shown in said.items()]
    with_values = "".join(f", where `{name}` is `{value}`" for name, value in change.values.items())
    was, now = ("allowed", "denied") if change.turn is Turn.LOSES else ("denied", "allowed")
    request = ", ".join(parts) or "any request at all"
    return f"{request}{with_values}: {was} before, {now} after"


def _told(name: str, shown: Shown) -> str:
    if shown.many is not None:
        return "all of " + ", ".join(f"`{_value(name, text)}`" for text in shown.many)
    return "absent" if shown.text is None else f"`{_value(name, shown.text)}`"


def _value(name: str, value: str | int) -> str:
    """A value as people write it: addresses are numbers inside."""
    if isinstance(value, int) and name == VERSION:
        return version(value)
    if isinstance(value, int) and name in ADDRESSES:
        return str(ipaddress.IPv4Address(value)) if value < V6 else str(ipaddress.IPv6Address(min(value - V6, MAX_V6)))
    return str(value)


def _raised(rows: Sequence[PrivilegeChange]) -> Iterator[Sensitivity]:
    told: set[tuple[str, int, str]] = set()
    for row in rows:
        if row.verdict in RAISING and not row.loses:
            unknown = row.verdict is PrivilegeTurn.UNKNOWN
            why = f"nobody can say what this gives: {row.witness}" if unknown else f"{row.who} gains: {row.gains}"
            if (row.path, row.line, why) not in told:
                told.add((row.path, row.line, why))
                yield Sensitivity(
                    kind=ChangeClass.PERMISSIONS, path=row.path, line=row.line, why=why[:300], itself=True
                )


def _together(
    whole: Sequence[Change],
    alone: Sequence[Change],
    states: Sequence[Texts],
    readers: tuple[Reader, ...],
    base: BaseTree,
) -> tuple[int, ...]:
    """The steps (1-based) without any of which the whole would not widen; empty where one step alone does it."""
    wanted = [_key(change) for change in whole if change.turn is Turn.GAINS]
    each = {_key(change) for change in alone if change.turn is Turn.GAINS}
    new = [key for key in wanted if key not in each] or wanted
    if not new:
        return ()
    kept = list(range(1, len(states)))
    for step in list(kept):
        fewer = [one for one in kept if one != step]
        if fewer and _still(new[0], states, fewer, readers, base):
            kept = fewer
    return tuple(kept) if len(kept) > 1 else ()


def _key(change: Change) -> tuple[str, str, object]:
    return change.domain, change.actor, change.by


def _still(
    wanted: tuple[str, str, object],
    states: Sequence[Texts],
    kept: Sequence[int],
    readers: tuple[Reader, ...],
    base: BaseTree,
) -> bool:
    """Whether the same is gained with these steps only; a file is as the last kept step that changes it leaves it."""
    after = dict(states[0])
    for step in kept:
        old, new = states[step - 1], states[step]
        for path in {*old, *new}:
            if old.get(path) != new.get(path):
                after.pop(path, None)
                if path in new:
                    after[path] = new[path]
    found = _compared(states[0], after, readers, readers, base)
    return any(change.turn is Turn.GAINS and _key(change) == wanted for change in found)
