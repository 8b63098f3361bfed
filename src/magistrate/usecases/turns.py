"""To whom a warrant is made out: an executor that asks for work, in turn.

Rule kept (R56): a warrant names one executor, and the same state gives the same one. Of those that ask, one that
was not named for this case before comes first; then the next in the order of the roster after the one that got the
last warrant. Where none asks, the turn goes on over all of them. Whose turn it was is forgotten at a start of control.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from magistrate.authority.roster import TrustedRoster
from magistrate.domain.case import Case
from magistrate.errors import Unavailable
from magistrate.ports import Unit
from magistrate.usecases.polls import Polls
from magistrate.usecases.skew import executors_of, fitting, may_wait_again
from magistrate.wire.document import open_envelope
from magistrate.wire.warrant import Warrant


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """An executor by its key id, and why it is the one, for the record."""

    executor: str
    why: str


def turn_of(executors: Sequence[str], asking: Sequence[str], before: Collection[str], last: str) -> Turn:
    """Whose turn it is: `asking` are those that would execute it, `before` had a warrant of this case, `last` the last one of all.

    Raises:
        Unavailable: MAG-E443 when there is no executor at all.
    """
    fresh = [name for name in asking if name not in before]
    if not executors:
        raise Unavailable("MAG-E443", "the roster names no executor")
    if len(executors) == 1:
        return Turn(executor=executors[0], why="the only executor of the roster")
    others = [name for name in executors if name not in before]
    pool = fresh or list(asking) or others or list(executors)
    why = f"its turn among {len(pool)} that ask for work" if len(pool) > 1 else "the only one that asks for work"
    if not asking:
        why = f"none asks for work; its turn among {len(pool)}"
    if before and (fresh or not asking):
        why += ", the one before did nothing"
    start = executors.index(last) + 1 if last in executors else 0
    round_ = [*executors[start:], *executors[:start]]
    return Turn(executor=next(name for name in round_ if name in pool), why=why)


def next_turn(  # noqa: PLR0913, PLR0917  each is known apart
    unit: Unit, case: Case, roster: TrustedRoster, polls: Polls, judged_by: str, now: int
) -> Turn:
    """Whose turn it is for a case that was judged by the assessor `judged_by`."""
    executors = executors_of(roster)
    asking = [one.executor for one in fitting(polls.asking(executors, now), judged_by)]
    return turn_of(executors, asking, _before(unit, case, roster), polls.last)


def another_asks(unit: Unit, case: Case, roster: TrustedRoster, polls: Polls, now: int) -> bool:
    """Whether an executor asks for work that had no warrant of this case, and it may be given one more."""
    asking = {one.executor for one in polls.asking(executors_of(roster), now)}
    return bool(asking - _before(unit, case, roster)) and may_wait_again(unit, case)


def _before(unit: Unit, case: Case, roster: TrustedRoster) -> frozenset[str]:
    return frozenset(
        open_envelope(envelope, Warrant, deployment=roster.deployment).body.executor
        for envelope in unit.documents(Warrant.NAME, case.facts.proposal)
    )
