"""The decision about a chain: what a change asks for with what it completes, and whom that calls back.

Rule kept (R31, R32): of the change alone and of all together the stricter ruling counts, role by role;
earlier proposals that are still open and were asked less of go back to people, with the whole shown.
A session that touches a second sensitive surface sends everything it has open to people, with the mix shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Final

import msgspec

from magistrate.authority.floor import classes_of
from magistrate.authority.obligations import at_least, covers, joined
from magistrate.authority.promotion import TOGETHER, not_low_because
from magistrate.domain.case import Case
from magistrate.domain.events import Event
from magistrate.domain.impact import SENSITIVE, ChangeClass, Strictness, stricter
from magistrate.domain.lifecycle import CaseState
from magistrate.ports import Unit
from magistrate.usecases.company import Company
from magistrate.usecases.composition import CONFLICT, WHOLE
from magistrate.usecases.settled import AGAIN, NAMES
from magistrate.usecases.transition import Occasion, move
from magistrate.wire.assessment import Verdict
from magistrate.wire.canonical import digest_of
from magistrate.wire.decision import Chain, Decision, Obligation, Reason
from magistrate.wire.document import open_envelope

CHAIN: Final = "chain"
MIXED: Final = "chain/mixed-surfaces"
NOT_LOW: Final = "chain/not-proven-low"
SURFACES: Final = {
    ChangeClass.SECRETS: "secrets", ChangeClass.AUTHENTICATION: "authentication",
    ChangeClass.PERMISSIONS: "authentication", ChangeClass.INFRASTRUCTURE: "infrastructure",
    ChangeClass.CI_CD: "ci_cd",
}  # fmt: skip
OPEN: Final = frozenset({CaseState.IN_REVIEW, CaseState.CLEARED})
MAX_NAMED: Final = 40
_SHORT: Final = slice(7, 19)


class Ruling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Answer of the judge's `decide` mode; `chain` is added where others by the same hands count too."""

    strictness: Strictness
    obligations: tuple[Obligation, ...]
    reasons: tuple[Reason, ...]
    chain: Chain | None = None


def chained(
    alone: Ruling, together: Sequence[tuple[Verdict, Ruling]], company: Company, links: Sequence[str] = ()
) -> Ruling:
    """The ruling on the change joined with those on all of it; unchanged where it stands alone.

    `links` says through what others in other repositories count.
    """
    if not together:
        return alone
    others = company.others
    worst = reduce(stricter, (ruling.strictness for _, ruling in together))
    level = stricter(alone.strictness, worst)
    obligations = [*alone.obligations, *(asked for _, ruling in together for asked in ruling.obligations)]
    classes = {kind for verdict, _ in together for kind in classes_of(verdict)}
    landed = sum(one.landed for one in others)
    why = _why([verdict for verdict, _ in together], classes, landed, len(others) - landed)
    why = f"{why}; linked: {'; '.join(links)}"[:900] if links else why
    chain = Chain(
        members=tuple(one.proposal for one in others), landed=landed, verdict_sha256=digest_of(together[-1][0]),
        strictness=worst, alone=alone.strictness, classes=tuple(sorted(classes)), why=why,
    )  # fmt: skip
    relax = "two people who answer for the whole approve this one and it lands: then the count begins anew"
    denied = level is Strictness.DENY
    return Ruling(
        strictness=level,
        obligations=() if denied else joined(obligations),
        reasons=(*alone.reasons, Reason(rule=TOGETHER, source=CHAIN, why=why, relax=relax)),
        chain=chain,
    )


def not_low_together(ruling: Ruling, alone: Verdict, together: Iterable[Verdict]) -> Ruling:
    """The ruling with the reason why nobody promoted this, where the change is low alone and not with the others (R32)."""
    why = next((said for verdict in together for said in not_low_because(verdict)), "")
    if not why or any(not_low_because(alone)):
        return ruling
    reason = Reason(
        rule=NOT_LOW, source=CHAIN, why=f"low alone, but with others by the same hands: {why}", relax="a person"
    )
    return msgspec.structs.replace(ruling, reasons=(*ruling.reasons, reason))


def mixed(ruling: Ruling, case: Case, verdict: Verdict, session: Sequence[Case]) -> Ruling:
    """The ruling with the surfaces that the session has touched by now, where they are more than one (R31)."""
    touched = [(case.facts.proposal, surfaces(classes_of(verdict)))]
    touched += [(other.facts.proposal, surfaces(other.standing.classes)) for other in session]
    touched = [(name, found) for name, found in touched if found]
    every = frozenset(surface for _, found in touched for surface in found)
    if not session or len(every) <= 1:
        return ruling
    shown = [f"{name[_SHORT]} touches {', '.join(sorted(found))}" for name, found in touched[:MAX_NAMED]]
    more = f"; and {len(touched) - MAX_NAMED} more" if len(touched) > MAX_NAMED else ""
    why = f"this session mixes {', '.join(sorted(every))}: {'; '.join(shown)}{more}"
    reason = Reason(rule=MIXED, source=CHAIN, why=why, relax="another session for each surface")
    people = ruling.obligations or (Obligation(role=None, count=1, rule=MIXED),)
    denied = ruling.strictness is Strictness.DENY
    return msgspec.structs.replace(
        ruling,
        strictness=stricter(ruling.strictness, Strictness.ONE),
        obligations=() if denied else people,
        reasons=(*ruling.reasons, reason),
    )


def surfaces(classes: Iterable[str]) -> frozenset[str]:
    """Which of the surfaces that must not mix these classes touch."""
    return frozenset(surface for kind, surface in SURFACES.items() if kind in set(classes))


def _why(verdicts: Sequence[Verdict], classes: set[ChangeClass], landed: int, flying: int) -> str:
    kinds = ", ".join(sorted(classes & SENSITIVE)) or ", ".join(sorted(classes))
    rows = (row for verdict in reversed(verdicts) for row in verdict.privilege)
    gains = next((f"; {row.who} gains {row.gains}" for row in rows if row.verdict in {"widened", "incomparable"}), "")
    counted = " and ".join(
        text for number, text in ((landed, f"{landed} that landed"), (flying, f"{flying} in flight")) if number
    )
    doubts = "; ".join(dict.fromkeys(_doubts(verdicts)))
    said = f"with {counted} by the same hands this comes to: {kinds}{gains}" + (f"; {doubts}" if doubts else "")
    return said[:900]


def _doubts(verdicts: Sequence[Verdict]) -> Iterable[str]:
    """What of the whole nobody can say, the files that contradict each other first."""
    for verdict in verdicts:
        for one in verdict.sensitivities:
            if one.path == WHOLE or one.why in {CONFLICT, AGAIN, NAMES}:
                yield one.why if one.path == WHOLE else f"{one.path}: {one.why}"


def pull_back(unit: Unit, case: Case, company: Company, ruling: Ruling, deployment: str, now: int) -> tuple[str, ...]:  # noqa: PLR0913, PLR0917  each is known apart
    """Send open cases back to people that agreed, or were to agree, to less than what is known now; returns which.

    They are held and judged again, with this one among the others; approvals of the old decision count for
    nothing. What is denied ends here, so it calls nobody back. A case is called back once by each other at
    most: its next decision names that one.
    """
    if ruling.strictness is Strictness.DENY:
        return ()
    reason = next((reason for reason in ruling.reasons if reason.rule == MIXED), None)
    session = {other.facts.proposal for other in company.session}
    pulled: list[str] = []
    names = [other.proposal for other in company.others]
    decided = {
        body.proposal: body
        for envelope in (unit.documents(Decision.NAME, *names) if names else ())
        for body in [open_envelope(envelope, Decision, deployment=deployment).body]
    }
    for other in company.others:
        decision = decided.get(other.proposal)
        if decision is None or (found := unit.case(other.proposal)).standing.state not in OPEN:
            continue
        why = _less_known(decision, case.facts.proposal, ruling)
        if not why and reason is not None and other.proposal in session and not _told(reason) <= _mix_of(decision):
            why = reason.why
        if why:
            facts = {"with": case.facts.proposal, "why": why[:1000]}
            occasion = Occasion(event=Event.CASE_HELD, now=now, facts=facts)
            move(unit, found, (CaseState.HELD,), occasion, why=why[:500])
            pulled.append(other.proposal)
    return tuple(pulled)


def _less_known(decision: Decision, name: str, ruling: Ruling) -> str:
    """Why a decision that does not know of this change asked for less than both come to, or an empty text."""
    chain = ruling.chain
    if chain is None or (decision.chain is not None and name in decision.chain.members):
        return ""
    enough = at_least(decision.strictness, chain.strictness) and covers(decision.obligations, ruling.obligations)
    return "" if enough else f"a later change by the same hands makes more of it: {chain.why}"


def _mix_of(decision: Decision) -> frozenset[str]:
    return frozenset().union(*(_told(reason) for reason in decision.reasons if reason.rule == MIXED))


def _told(reason: Reason) -> frozenset[str]:
    """The surfaces that the head of a reason names."""
    head = reason.why.partition(":")[0].replace(",", " ").split()
    return frozenset(word for word in head if word in SURFACES.values())
