"""The decision about a chain: what a change asks for with what it completes, and whom that calls back.

Rule kept (R31, R32): of the change alone and of all together the stricter ruling counts, role by role;
earlier proposals that are still open and were asked less of go back to people, with the whole shown.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from magistrate.authority.obligations import at_least, joined
from magistrate.domain.case import Case, Companion
from magistrate.domain.events import Event
from magistrate.domain.impact import SENSITIVE, ChangeClass, Strictness, stricter
from magistrate.domain.lifecycle import CaseState
from magistrate.ports import Store
from magistrate.usecases.transition import Occasion, move
from magistrate.wire.assessment import Verdict
from magistrate.wire.canonical import digest_of
from magistrate.wire.decision import Chain, Obligation, Reason

RULE = "chain/together"


class Ruling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Answer of the judge's `decide` mode; `chain` is added where others by the same hands count too."""

    strictness: Strictness
    obligations: tuple[Obligation, ...]
    reasons: tuple[Reason, ...]
    chain: Chain | None = None


def chained(alone: Ruling, together: Sequence[tuple[Verdict, Ruling]], others: Sequence[Companion]) -> Ruling:
    """The ruling on the change joined with those on all of it; unchanged where it stands alone."""
    if not together:
        return alone
    level, obligations = alone.strictness, list(alone.obligations)
    classes: set[ChangeClass] = set()
    for verdict, ruling in together:
        level = stricter(level, ruling.strictness)
        obligations += ruling.obligations
        classes |= set(verdict.classes)
    whole = together[-1][0]
    worst = max((ruling.strictness for _, ruling in together), key=lambda one: (at_least(one, Strictness.TWO), one))
    landed = sum(one.landed for one in others)
    why = _why(whole, landed, len(others) - landed)
    chain = Chain(
        members=tuple(one.proposal for one in others), landed=landed, verdict_sha256=digest_of(whole),
        strictness=worst, classes=tuple(sorted(classes)), why=why,
    )  # fmt: skip
    relax = "a person who answers for the whole approves this one: then the count begins anew"
    reason = Reason(rule=RULE, source="chain", why=why, relax=relax)
    denied = level is Strictness.DENY
    return Ruling(
        strictness=level,
        obligations=() if denied else joined(obligations),
        reasons=(*alone.reasons, reason),
        chain=chain,
    )


def _why(whole: Verdict, landed: int, flying: int) -> str:
    kinds = ", ".join(sorted(kind for kind in whole.classes if kind in SENSITIVE)) or ", ".join(sorted(whole.classes))
    gains = next(
        (f"; {row.who} gains {row.gains}" for row in whole.privilege if row.verdict in {"widened", "incomparable"}), ""
    )
    counted = " and ".join(
        text for number, text in ((landed, f"{landed} that landed"), (flying, f"{flying} in flight")) if number
    )
    return f"with {counted} by the same hands this comes to: {kinds}{gains}"[:900]


def pull_back(store: Store, case: Case, others: Sequence[Companion], chain: Chain | None, now: int) -> tuple[str, ...]:
    """Send open cases of the chain back to people that were asked less than the whole asks; returns which.

    They are held and judged again, with this one among the others; approvals of the old decision no longer count.
    """
    if chain is None:
        return ()
    pulled: list[str] = []
    with store.transaction() as unit:
        for other in others:
            found = unit.case(other.proposal)
            asked = Strictness(found.standing.strictness) if found.standing.strictness else Strictness.AUTO
            open_ = found.standing.state in {CaseState.IN_REVIEW, CaseState.CLEARED}
            if other.landed or not open_ or at_least(asked, chain.strictness):
                continue
            why = f"a later change by the same hands makes more of it: {chain.why}"[:500]
            facts = {"with": case.facts.proposal, "why": why}
            move(unit, found, (CaseState.HELD,), Occasion(event=Event.CASE_HELD, now=now, facts=facts), why=why)
            pulled.append(other.proposal)
    return tuple(pulled)
