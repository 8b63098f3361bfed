"""Ingest: findings of scanners enter once, from a source that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from magistrate.domain.events import Event
from magistrate.domain.finding import Finding
from magistrate.domain.principal import Role
from magistrate.errors import Refused
from magistrate.ports import Unit
from magistrate.wire.roster import Person

MAY_INGEST = frozenset({Role.OPERATOR, Role.PROPOSER, Role.SECURITY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What came of a file; `refused` says in words what could not be used."""

    new: int
    duplicate: int
    refused: tuple[str, ...]
    total: int


def verify_may_ingest(unit: Unit, repository: str, person: Person) -> None:
    """Check before a byte is read.

    Raises:
        Refused: MAG-E454 when the person may not. NotFound: MAG-E450 unknown repository.
    """
    if not MAY_INGEST & set(person.roles):
        raise Refused("MAG-E454", f"`{person.person}` may not bring in findings")
    unit.repository(repository)


def ingest(  # noqa: PLR0913  what came, from whom, where, when
    unit: Unit, found: Sequence[Finding], refused: Sequence[str], *, repository: str, person: Person, now: int
) -> Ingested:
    """Keep the findings that are new and record that they came (raises as `verify_may_ingest`)."""
    verify_may_ingest(unit, repository, person)
    distinct = list({finding.id: finding for finding in found}.values())
    new = unit.keep_findings(distinct, now=now, source=person.person)
    facts = {
        "repository": repository, "source": person.person, "new": str(new),
        "duplicate": str(len(found) - new), "refused": str(len(refused)),
    }  # fmt: skip
    unit.append(Event.FINDING_INGESTED, f"repository:{repository}", facts, now=now)
    return Ingested(new=new, duplicate=len(found) - new, refused=tuple(refused), total=len(found))
