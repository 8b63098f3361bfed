"""Who may say that a halted case is over, and how many of them it takes.

Rule kept (R58): a ref that a halted case left behind is free again only by the signed words of
two distinct persons who operate or own something here, none of them the owner of the agent that
wrote the change, about the same commit. In solo the only person is enough, marked as a self-review.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.authority.roster import TrustedRoster
from magistrate.domain.principal import Role
from magistrate.errors import MagistrateError, Refused
from magistrate.wire.closure import Closure
from magistrate.wire.envelope import Envelope
from magistrate.wire.roster import Person

CLOSING: Final = frozenset({Role.OPERATOR, Role.SECURITY, Role.PLATFORM, Role.POLICY_OWNER})
CLOSING_PERSONS: Final = 2
_SHORT: Final = slice(7, 19)


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """A case that ended HALTED: its proposal, the owner of the agent that wrote it, the ref it left behind."""

    proposal: str
    owner: str
    repository: str
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenClosure:
    """A closure that was verified: who, and which document."""

    person: Person
    digest: str
    closure: Closure


def persons_to_close(roster: TrustedRoster) -> int:
    """How many persons close a halted case: two, or the only one of a solo deployment."""
    return 1 if roster.solo else CLOSING_PERSONS


def held_because(halt: Halt, roster: TrustedRoster) -> str:
    """Why nothing executes on the ref, in one line."""
    who = "one person closes it" if roster.solo else "two people close it"
    return f"held: {halt.ref} is halted by {halt.proposal[_SHORT]}; {who}"


def verify_closure(envelope: Envelope, halt: Halt, roster: TrustedRoster) -> GivenClosure:
    """Verify one closure: signature, binding to the halted case, role, and that it is nobody's own change.

    Raises:
        Refused: MAG-E106, MAG-E107 signature; MAG-E124 about something else; MAG-E122 this person may not.
    """
    document, person = roster.open_by_person(envelope, Closure)
    closure = document.body
    if closure.person != person.person:
        raise Refused("MAG-E122", f"`{person.person}` signed in the name of `{closure.person}`")
    for what, said, actual in (
        ("case", closure.proposal, halt.proposal),
        ("repository", closure.repository, halt.repository),
        ("ref", closure.ref, halt.ref),
    ):
        if said != actual:
            raise Refused("MAG-E124", f"the closure names another {what}: `{said[:60]}`")
    verify_may_close(person, halt.owner, roster)
    if closure.self_reviewed is not (person.person == halt.owner):
        raise Refused("MAG-E122", "the closure misstates whether it is a self-review")
    return GivenClosure(person=person, digest=envelope.payload_digest(), closure=closure)


def verify_may_close(person: Person, owner: str, roster: TrustedRoster) -> None:
    """Check that this person's word counts.

    Raises:
        Refused: MAG-E122 without an operating or owning role, or for the owner of the agent in a team.
    """
    if not CLOSING & set(person.roles):
        roles = ", ".join(sorted(CLOSING))
        raise Refused("MAG-E122", f"`{person.person}` holds none of the roles {roles}")
    if person.person == owner and not roster.solo:
        raise Refused("MAG-E122", f"`{person.person}` owns the agent that wrote this", hint="two other people close it")


def verify_enough(given: Sequence[GivenClosure], halt: Halt, roster: TrustedRoster) -> tuple[GivenClosure, ...]:
    """Return the closures of distinct persons about one commit that suffice, newest word of each.

    Raises:
        Refused: MAG-E126 while there are too few.
    """
    for tip in sorted({one.closure.tip for one in given}):
        people = {one.person.person: one for one in given if one.closure.tip == tip}
        if len(people) >= persons_to_close(roster):
            return tuple(people[name] for name in sorted(people))
    raise Refused("MAG-E126", held_because(halt, roster), hint="look at the ref, then `magistrate close ID`")


def verify_closed(envelopes: Iterable[Envelope], halt: Halt, roster: TrustedRoster) -> tuple[GivenClosure, ...]:
    """Return what closes the halted case; a word that is not believed does not count, and stops nothing.

    Raises:
        Refused: MAG-E126 while the believed ones are too few.
    """
    given = []
    for envelope in envelopes:
        try:
            given.append(verify_closure(envelope, halt, roster))
        except MagistrateError:
            continue  # of another case, of somebody who may not, or forged: it never counts
    return verify_enough(given, halt, roster)
