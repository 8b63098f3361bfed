"""Who else is at it: changes by the same agent, or by agents of the same owner; to the same ref, and elsewhere.

Rule kept (R31, R32): what landed counts for thirty days, as settled once two people agreed to the whole; what is in
flight counts however old it is. Nothing is dropped in silence: what is too much to look at is named as left out, but for
the oldest of what is settled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from magistrate.authority.obligations import agreed_as_a_whole
from magistrate.domain.case import Case, Companion
from magistrate.domain.lifecycle import CaseState
from magistrate.domain.stages import STAGES
from magistrate.domain.tags import TAGS
from magistrate.ports import Unit
from magistrate.wire.decision import Decision
from magistrate.wire.document import open_envelope
from magistrate.wire.effect import GitUpdate
from magistrate.wire.envelope import Envelope
from magistrate.wire.proposal import Proposal

WINDOW_SECONDS: Final = 30 * 24 * 3600
MAX_MEMBERS: Final = 1_000
IN_FLIGHT: Final = (
    CaseState.SEALED, CaseState.ASSESSING, CaseState.ASSESSED, CaseState.HELD, CaseState.IN_REVIEW, CaseState.CLEARED,
    CaseState.WARRANTED, CaseState.EXECUTING, CaseState.VERIFYING, CaseState.ROLLING_BACK, CaseState.IN_DOUBT,
)  # fmt: skip
LANDED: Final = (CaseState.SUCCEEDED, CaseState.HALTED, CaseState.CLOSED, CaseState.APPROVED_NOT_EXECUTED)
"""What halted, or was approved and handed to people, may be there: what stands now is read, so each counts for what it left."""
BROUGHT: Final = (TAGS, STAGES)
"""Refs on which nothing lands: what a release or a deployment brings landed on a branch before it."""
NOT_DECIDED: Final = frozenset({CaseState.SEALED, CaseState.ASSESSING, CaseState.ASSESSED, CaseState.HELD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """The others, landed ones first and each in their order; `session` are cases of the same session, none left out.

    `others` are at the same ref. `elsewhere` are at other repositories or refs: they count where a link leads there.
    """

    others: tuple[Companion, ...]
    session: tuple[Case, ...]
    elsewhere: tuple[Companion, ...] = ()

    def with_linked(self, members: Iterable[str]) -> Company:
        """The company in which those elsewhere that are linked count as well, whether they are settled or not."""
        linked = frozenset(members)
        more = (replace(one, settled=False) for one in self.elsewhere if one.proposal in linked)
        return replace(self, others=(*self.others, *more))

    def counting(self, *, again: bool) -> Company:
        """The company of those that count: what is settled only where it counts `again`."""
        counted = (replace(one, settled=False) for one in self.others if again or not one.settled)
        return replace(self, others=tuple(counted))


def company_of(unit: Unit, case: Case, deployment: str, now: int) -> Company:
    """Who counts with this case now, and who would where a link leads there."""
    cases = _by_the_same_hands(unit, case, now)
    agreed = _agreed(unit, cases, deployment)
    seen: set[str] = set()
    settled: set[str] = set()
    for other in cases:
        seen.add(other.facts.proposal)
        if other.facts.proposal in agreed:
            settled |= seen & (agreed[other.facts.proposal] | {other.facts.proposal})
    here = [one for one in cases if _place(one) == _place(case)]
    return Company(
        others=_companions(unit, here, settled, deployment),
        session=tuple(other for other in cases if other.facts.session == case.facts.session),
        elsewhere=_companions(unit, [one for one in cases if _place(one) != _place(case)], settled, deployment),
    )


def _place(case: Case) -> tuple[str, str]:
    return case.facts.repository, case.facts.ref


def _companions(unit: Unit, cases: Sequence[Case], settled: Collection[str], deployment: str) -> tuple[Companion, ...]:
    """The newest of them with what they changed, the rest by name; of what is settled no more than the newest."""
    names = [one.facts.proposal for one in cases]
    old = frozenset([name for name in names if name in settled][:-MAX_MEMBERS])
    found: list[Companion | None] = []
    for counted in (True, False):
        chosen = [
            one for one in cases if (one.facts.proposal in settled) is not counted and one.facts.proposal not in old
        ]
        dropped = len(chosen) - MAX_MEMBERS
        held = unit.proposals([one.facts.proposal for one in chosen], whole=MAX_MEMBERS)
        for at, one in enumerate(chosen):
            made = _companion(one, *held[one.facts.proposal], deployment, left_out=at < dropped)
            found.append(made if made is None or counted else replace(made, settled=True))
    order = {name: at for at, name in enumerate(names)}
    return tuple(sorted((one for one in found if one is not None), key=lambda one: order[one.proposal]))


def unseen(unit: Unit, case: Case, company: Company, now: int) -> bool:
    """Whether another was decided meanwhile that this one was not judged with, so that neither knows of the other."""
    known = {one.proposal for one in (*company.others, *company.elsewhere)}
    return any(
        other.facts.proposal not in known
        for other in _by_the_same_hands(unit, case, now)
        if other.standing.state in IN_FLIGHT and other.standing.state not in NOT_DECIDED
    )


def _by_the_same_hands(unit: Unit, case: Case, now: int) -> list[Case]:
    """All of them but releases and deployments, which land nothing."""
    facts = case.facts
    landed = unit.companions(facts.agent, facts.owner, since=now - WINDOW_SECONDS, states=LANDED)
    flying = unit.companions(facts.agent, facts.owner, since=0, states=IN_FLIGHT)
    others = (*sorted(landed, key=_landing), *flying)
    return [one for one in others if one.facts.proposal != facts.proposal and not one.facts.ref.startswith(BROUGHT)]


def _landing(case: Case) -> tuple[int, int, str]:
    """Warrants of one repository are given one after the other, and numbered by the log."""
    return case.standing.warrant_seq or 0, case.facts.opened, case.facts.proposal


def _companion(case: Case, envelope: Envelope, diff: bytes, deployment: str, *, left_out: bool) -> Companion | None:
    effect = open_envelope(envelope, Proposal, deployment=deployment).body.effect
    if not isinstance(effect, GitUpdate):
        return None
    return Companion(
        proposal=case.facts.proposal, base_tree=effect.base_tree, result_tree=effect.result_tree, diff=diff,
        landed=case.standing.state in LANDED, left_out=left_out, repository=effect.repository, ref=effect.ref,
    )  # fmt: skip


def _agreed(unit: Unit, cases: Sequence[Case], deployment: str) -> Mapping[str, frozenset[str]]:
    """Whom people agreed to with each that succeeded, where they did, as its last decision asked them to."""
    succeeded = [one.facts.proposal for one in cases if one.standing.state is CaseState.SUCCEEDED]
    last: dict[str, Decision] = {}
    for envelope in unit.documents(Decision.NAME, *succeeded) if succeeded else ():
        body = open_envelope(envelope, Decision, deployment=deployment).body
        last[body.proposal] = body
    found = {name: agreed_as_a_whole(body) for name, body in last.items()}
    return {name: whole for name, whole in found.items() if whole}
