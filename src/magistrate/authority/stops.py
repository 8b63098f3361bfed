"""Freeze, thaw, withdrawal and closure as people hand them to executor and gate directly.

Rule kept (invariant 12): stop always works, whatever the control plane says. A file that
cannot be read or believed stops everything until it is taken away; only a believed thaw,
newer than the freeze and signed by two persons, lifts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from magistrate.authority.closures import CLOSING
from magistrate.authority.roster import TrustedRoster
from magistrate.domain.impact import ChangeClass
from magistrate.domain.principal import Role
from magistrate.errors import Refused
from magistrate.wire.closure import Closure
from magistrate.wire.document import open_envelope
from magistrate.wire.effect import GitEffect
from magistrate.wire.envelope import Envelope
from magistrate.wire.freeze import Freeze, Scope, Thaw
from magistrate.wire.withdrawal import Withdrawal

THAW_PERSONS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Stops:
    """What was found in the drop: signed documents, and the names of files that are none.

    `kept` are freezes whose signature was believed when they came to the gate; they count by what they say, also
    after their signer has left.
    """

    freezes: tuple[Envelope, ...] = ()
    kept: tuple[Envelope, ...] = ()
    thaws: tuple[Envelope, ...] = ()
    withdrawals: tuple[Envelope, ...] = ()
    closures: tuple[Envelope, ...] = ()
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a freeze must cover in order to stop an execution."""

    repository: str
    environment: str
    agent: str
    classes: frozenset[ChangeClass]

    @classmethod
    def of(cls, effect: GitEffect, agent: str, classes: frozenset[ChangeClass]) -> Reach:
        """The reach of one effect by one agent."""
        return cls(repository=effect.repository, environment=effect.environment, agent=agent, classes=classes)


def joined(first: Stops, second: Stops) -> Stops:
    """Everything that either holds; the same document counts once."""
    return Stops(
        freezes=_once(first.freezes, second.freezes), kept=_once(first.kept, second.kept), thaws=_once(first.thaws, second.thaws),
        withdrawals=_once(first.withdrawals, second.withdrawals), closures=_once(first.closures, second.closures),
        unreadable=tuple(sorted({*first.unreadable, *second.unreadable})),
    )  # fmt: skip


def sorted_stops(named: Mapping[str, Envelope], unreadable: Iterable[str]) -> Stops:
    """Sort what was found, by its file name; any other kind of document counts as unreadable."""
    kinds: dict[str, list[Envelope]] = {
        Freeze.document_type(): [],
        Thaw.document_type(): [],
        Withdrawal.document_type(): [],
        Closure.document_type(): [],
    }
    strange = list(unreadable)
    for name, envelope in named.items():
        if envelope.payloadType in kinds:
            kinds[envelope.payloadType].append(envelope)
        else:
            strange.append(name)
    freezes, thaws, withdrawals, closures = map(tuple, kinds.values())
    return Stops(
        freezes=freezes, thaws=thaws, withdrawals=withdrawals, closures=closures, unreadable=tuple(sorted(strange))
    )


def verify_not_frozen(stops: Stops, roster: TrustedRoster, reach: Reach) -> None:
    """Check that no freeze covers this execution.

    Raises:
        Refused: MAG-E388 naming the freeze, or the file that could not be believed.
    """
    if stops.unreadable:
        raise Refused(
            "MAG-E388",
            f"`{stops.unreadable[0][:60]}` in the freeze folder cannot be read, so it stops everything",
            hint="take the file away, or replace it by a signed freeze",
        )
    for freeze in standing_freezes(stops, roster).values():
        if _covers(freeze.scope, reach):
            raise Refused("MAG-E388", f"frozen by `{freeze.person}`: {freeze.reason[:200]}")


def standing_freezes(stops: Stops, roster: TrustedRoster) -> dict[str, Freeze]:
    """The believed freezes that no believed thaw lifts, by the digest that a thaw names.

    Raises:
        Refused: MAG-E388, MAG-E106, MAG-E122 for a freeze or thaw that cannot be believed.
    """
    lifted = _lifted(stops.thaws, roster)
    standing = {}
    for envelope in stops.freezes:
        freeze = believed_freeze(envelope, roster)
        if lifted.get(envelope.payload_digest(), -1) <= freeze.epoch:
            standing[envelope.payload_digest()] = freeze
    for envelope in stops.kept:
        freeze = open_envelope(envelope, Freeze, deployment=roster.deployment).body
        if lifted.get(envelope.payload_digest(), -1) <= freeze.epoch:
            standing[envelope.payload_digest()] = freeze
    return standing


def believed_freeze(envelope: Envelope, roster: TrustedRoster) -> Freeze:
    """A freeze that one operator signed in the own name; when it was signed plays no part.

    Raises:
        Refused: MAG-E388, MAG-E106, MAG-E107, MAG-E122 when it cannot be believed.
    """
    document, person = roster.open_by_person(envelope, Freeze)
    roster.verify_role(person, Role.OPERATOR)
    if document.body.person != person.person:
        raise Refused("MAG-E388", f"a freeze signed by `{person.person}` in the name of `{document.body.person}`")
    return document.body


def believed_thaw(envelope: Envelope, roster: TrustedRoster) -> Thaw:
    """A thaw that enough persons signed who may lift; one person counts once, with however many keys.

    Raises:
        Refused: MAG-E121 when more must sign, MAG-E106, MAG-E107 when a signature is wrong.
    """
    thaw = open_envelope(envelope, Thaw, deployment=roster.deployment).body
    signed, needed = len(lifting(envelope, roster)), persons_needed(roster)
    if signed < needed:
        raise Refused(
            "MAG-E121",
            f"a thaw needs {needed} persons who operate or own something here, {signed} signed",
            hint="magistrate thaw",
        )
    return thaw


def lifting(envelope: Envelope, roster: TrustedRoster) -> tuple[str, ...]:
    """Who of those that signed may lift a stop: whoever operates or owns something here, as with a halted case.

    Raises:
        Refused: MAG-E106, MAG-E107 when a signature is wrong.
    """
    return tuple(sorted(name for name, one in roster.signers(envelope).items() if CLOSING & set(one.roles)))


def persons_needed(roster: TrustedRoster) -> int:
    """How many persons lift a freeze: two, or the only one there is."""
    return min(THAW_PERSONS, len(roster.body.persons))


def _lifted(thaws: Iterable[Envelope], roster: TrustedRoster) -> dict[str, int]:
    lifted: dict[str, int] = {}
    for envelope in thaws:
        thaw = open_envelope(envelope, Thaw, deployment=roster.deployment).body
        if len(lifting(envelope, roster)) >= persons_needed(roster):
            lifted[thaw.freeze] = max(thaw.epoch, lifted.get(thaw.freeze, -1))
    return lifted


def _covers(scope: Scope, reach: Reach) -> bool:
    pairs = (
        (scope.repository, {reach.repository}),
        (scope.environment, {reach.environment}),
        (scope.agent, {reach.agent}),
        (scope.change_class, {str(kind) for kind in reach.classes}),
    )
    return all(wanted is None or wanted in actual for wanted, actual in pairs)


def _once(first: Iterable[Envelope], second: Iterable[Envelope]) -> tuple[Envelope, ...]:
    return tuple(dict.fromkeys((*first, *second)))
