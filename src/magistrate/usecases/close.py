"""Close: people say that a halted case is over, and its ref is free again.

Rule kept (R58): HALTED becomes CLOSED by the signed words of two distinct persons (in solo of the
only one), about the commit at which the ref stands now; executor and gate are given the same
words before control obeys them, and believe them by themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from magistrate.authority.closures import GivenClosure, persons_to_close, verify_closure, verify_enough
from magistrate.authority.roster import TrustedRoster
from magistrate.domain.case import Case
from magistrate.domain.events import Event
from magistrate.domain.lifecycle import CaseState
from magistrate.errors import MagistrateError, Refused
from magistrate.ports import Repositories, Trust, Unit
from magistrate.usecases.holds import halt_of
from magistrate.usecases.stale import close_overtaken
from magistrate.usecases.transition import Occasion, move, note
from magistrate.wire.closure import Closure
from magistrate.wire.envelope import Envelope


def close_halted(  # noqa: PLR0913  each is a separate source of truth
    unit: Unit,
    case: Case,
    envelope: Envelope,
    *,
    trust: Trust,
    repositories: Repositories,
    drop: Callable[[Envelope], object],
    now: int,
) -> Case:
    """Count one closure; with enough of them the case is CLOSED. `drop` puts it where executor and gate read.

    Raises:
        Refused: MAG-E465 not halted, MAG-E464 the ref stands elsewhere by now, MAG-E122 this person may
            not or has signed already, MAG-E124 about something else, MAG-E106 signature.
        Unavailable: MAG-E614 when it could not be handed to executor and gate; then nothing is recorded.
    """
    _verify_halted(case)
    roster, halt = trust.roster(), halt_of(case)
    given = verify_closure(envelope, halt, roster)
    tip = repositories.tip(halt.repository, halt.ref)
    if given.closure.tip != tip:
        raise Refused(
            "MAG-E464", f"`{halt.ref}` stands at `{tip[:12] or 'nothing'}` by now, not where you saw it",
            hint="look again, then close again",
        )  # fmt: skip
    before = [one for one in closures_of(unit, case, roster) if one.closure.tip == tip]
    if any(one.person.person == given.person.person for one in before):
        raise Refused("MAG-E122", f"`{given.person.person}` has signed this already; somebody else must too")
    drop(envelope)
    facts = {
        "person": given.person.person, "reason": given.closure.reason, "closure": given.digest,
        "ref": halt.ref, "tip": tip, "self_reviewed": str(given.closure.self_reviewed).lower(),
    }  # fmt: skip
    payloads, once = {"closure": envelope.payload_bytes()}, f"closure:{given.digest}"
    try:
        counted = verify_enough((*before, given), halt, roster)
    except Refused:
        occasion = Occasion(event=Event.CLOSURE_GIVEN, now=now, facts=facts, payloads=payloads, once=once)
        recorded = note(unit, case, occasion)
    else:
        told = {**facts, "persons": " ".join(one.person.person for one in counted)}
        occasion = Occasion(event=Event.CASE_CLOSED, now=now, facts=told, payloads=payloads, once=once)
        case, recorded = move(unit, case, (CaseState.CLOSED,), occasion, why=given.closure.reason[:500])
        row = unit.repository(halt.repository)
        unit.put_repository(replace(row, tip=tip if row.ref == halt.ref else row.tip, alarm=""))
        close_overtaken(unit, case, tip, trust, now)
    unit.keep(envelope, kind=Closure.NAME, proposal=halt.proposal, author=given.person.person, seq=recorded.seq)
    return case


def halt_view(unit: Unit, case: Case, *, trust: Trust, repositories: Repositories) -> dict[str, Any]:
    """What a person who closes a halted case must know: the ref as it stands, and who has signed.

    Raises:
        Refused: MAG-E465 when the case is not halted.
    """
    _verify_halted(case)
    roster, halt = trust.roster(), halt_of(case)
    given = closures_of(unit, case, roster)
    return {
        "proposal": halt.proposal, "owner": halt.owner, "repository": halt.repository, "ref": halt.ref,
        "tip": repositories.tip(halt.repository, halt.ref), "why": case.standing.why,
        "needs": persons_to_close(roster),
        "closures": [
            {"person": one.person.person, "tip": one.closure.tip, "reason": one.closure.reason} for one in given
        ],
    }  # fmt: skip


def closures_missing(unit: Unit, case: Case, trust: Trust, repositories: Repositories) -> int:
    """How many more persons must sign where the ref stands now."""
    tip = repositories.tip(case.facts.repository, case.facts.ref)
    given = {one.person.person for one in closures_of(unit, case, trust.roster()) if one.closure.tip == tip}
    return max(0, persons_to_close(trust.roster()) - len(given))


def closures_of(unit: Unit, case: Case, roster: TrustedRoster) -> tuple[GivenClosure, ...]:
    """The closures of a case that count now, verified again."""
    given = []
    for envelope in unit.documents(Closure.NAME, case.facts.proposal):
        try:
            given.append(verify_closure(envelope, halt_of(case), roster))
        except MagistrateError:
            continue  # the roster changed since: the person or the key is gone, and the word with it
    return tuple(given)


def _verify_halted(case: Case) -> None:
    if case.standing.state is not CaseState.HALTED:
        raise Refused("MAG-E465", f"the case is `{case.standing.state}`: people close only what is halted")
