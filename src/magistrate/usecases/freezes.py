"""Freezes: one operator stops, two persons lift.

Here they stop control from issuing warrants; executor and gate obey them directly.
"""

from __future__ import annotations

from magistrate.authority.stops import lifting, persons_needed
from magistrate.domain.case import Case
from magistrate.domain.events import Event
from magistrate.domain.principal import Role
from magistrate.errors import Refused
from magistrate.ports import Trust, Unit
from magistrate.wire.document import Document, open_envelope
from magistrate.wire.envelope import Envelope
from magistrate.wire.freeze import Freeze, Thaw


def set_freeze(unit: Unit, envelope: Envelope, trust: Trust, now: int) -> str:
    """Keep a freeze; returns its digest; idempotent.

    Raises:
        Refused: MAG-E122 when the signer is no operator.
    """
    document, person = trust.roster().open_by_person(envelope, Freeze)
    trust.roster().verify_role(person, Role.OPERATOR)
    name = envelope.payload_digest()
    if document.body.person != person.person:
        raise Refused("MAG-E122", f"`{person.person}` signed in the name of `{document.body.person}`")
    if not unit.recorded(f"freeze:{name}"):
        facts = {"freeze": name, "person": person.person, "reason": document.body.reason, "scope": _words(document)}
        seq = unit.append(Event.FREEZE_SET, "freeze", facts, now=now, once=f"freeze:{name}").seq
        unit.keep(envelope, kind=Freeze.NAME, proposal=None, author=person.person, seq=seq)
    return name


def lift_freeze(unit: Unit, envelope: Envelope, trust: Trust, now: int) -> str:
    """Lift a freeze; returns its digest; idempotent. In solo one person is enough.

    Raises:
        Refused: MAG-E121 too few signatures, or older than the freeze. NotFound: MAG-E450 no such freeze.
    """
    roster = trust.roster()
    thaw = open_envelope(envelope, Thaw, deployment=roster.deployment).body
    signers = lifting(envelope, roster)
    if len(signers) < persons_needed(roster):
        raise Refused("MAG-E121", f"a thaw needs two persons, {len(signers)} signed")
    freeze = open_envelope(unit.document(thaw.freeze), Freeze, deployment=roster.deployment).body
    if thaw.epoch <= freeze.epoch:
        raise Refused("MAG-E121", "the thaw is not newer than the freeze, so executor and gate would not obey it")
    if not unit.recorded(f"thaw:{thaw.freeze}"):
        facts = {"freeze": thaw.freeze, "reason": thaw.reason, "persons": " ".join(signers)}
        seq = unit.append(Event.FREEZE_LIFTED, "freeze", facts, now=now, once=f"thaw:{thaw.freeze}").seq
        unit.keep(envelope, kind=Thaw.NAME, proposal=None, author=facts["persons"][:120], seq=seq)
    return thaw.freeze


def standing_freezes(unit: Unit, trust: Trust) -> tuple[Document[Freeze], ...]:
    """Freezes that nobody has lifted."""
    return tuple(
        open_envelope(envelope, Freeze, deployment=trust.roster().deployment)
        for envelope in unit.documents(Freeze.NAME)
        if not unit.recorded(f"thaw:{envelope.payload_digest()}")
    )


def covering_freezes(unit: Unit, trust: Trust, case: Case) -> tuple[Document[Freeze], ...]:
    """The standing freezes that cover the case."""
    facts, covering = case.facts, []
    for document in standing_freezes(unit, trust):
        scope = document.body.scope
        pairs = (
            (scope.repository, facts.repository),
            (scope.environment, facts.environment),
            (scope.agent, facts.agent),
        )
        fits = all(wanted is None or wanted == own for wanted, own in pairs)
        if fits and (scope.change_class is None or scope.change_class in case.standing.classes):
            covering.append(document)
    return tuple(covering)


def _words(document: Document[Freeze]) -> str:
    scope = document.body.scope
    named = {
        "repository": scope.repository, "environment": scope.environment, "agent": scope.agent,
        "class": scope.change_class,
    }  # fmt: skip
    return ", ".join(f"{what} {value}" for what, value in named.items() if value is not None) or "everything"
