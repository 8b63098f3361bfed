"""Drills: orders and results, and whether a repository and environment have proven themselves.

Rule kept (R85): all four drills have passed and none has expired, or the place counts as
undrilled; a newer failure takes back an older pass.
"""

from __future__ import annotations

from magistrate.domain.case import DrillRow
from magistrate.domain.events import Event
from magistrate.domain.principal import Role
from magistrate.errors import Refused
from magistrate.ports import Trust, Unit
from magistrate.wire.document import verify_current
from magistrate.wire.drill import DRILL_SECONDS, SCRATCH_PREFIX, DrillKind, DrillOrder, DrillResult
from magistrate.wire.envelope import Envelope
from magistrate.wire.times import unix_seconds


def order_drills(unit: Unit, envelope: Envelope, trust: Trust, now: int) -> str:
    """Keep an operator's order; returns its digest. The same order twice is one order.

    Raises:
        Refused: MAG-E122 no operator, MAG-E124 unknown repository, MAG-E451 wrong place.
    """
    roster = trust.roster()
    document, person = roster.open_by_person(envelope, DrillOrder)
    verify_current(document, now)
    body = document.body
    roster.verify_role(person, Role.OPERATOR)
    ruled = trust.policy().repository(body.repository)
    if body.person != person.person or body.environment != ruled.environment or document.expires is None:
        raise Refused("MAG-E451", "the order names another person or environment, or never expires")
    if not body.scratch.startswith(SCRATCH_PREFIX):
        raise Refused("MAG-E451", f"a scratch repository is named `{SCRATCH_PREFIX}…`")
    name = envelope.payload_digest()
    if not unit.recorded(f"drill:{name}"):
        facts = {"order": name, "person": person.person, "repository": body.repository, "environment": body.environment}
        seq = unit.append(
            Event.DRILL_ORDERED, f"repository:{body.repository}", facts, now=now, once=f"drill:{name}"
        ).seq
        unit.keep(envelope, kind=DrillOrder.NAME, proposal=None, author=person.person, seq=seq)
    return name


def open_orders(unit: Unit, trust: Trust, now: int) -> tuple[Envelope, ...]:
    """Orders that still lack a result and have not expired."""
    done: dict[str, set[str]] = {}
    for row in unit.drills():
        done.setdefault(row.order, set()).add(row.kind)
    wanted = []
    for envelope in unit.documents(DrillOrder.NAME):
        try:
            document, _ = trust.roster().open_by_person(envelope, DrillOrder)
            verify_current(document, now)
        except Refused:
            continue  # expired, or by somebody who is no longer in the roster
        if len(done.get(envelope.payload_digest(), set())) < len(DrillKind):
            wanted.append(envelope)
    return tuple(wanted)


def keep_result(unit: Unit, envelope: Envelope, trust: Trust, now: int) -> None:
    """Keep the result of a drill; idempotent.

    Raises:
        Refused: MAG-E107 no executor, MAG-E451 for another order or valid for too long.
    """
    document = trust.roster().open_by_executor(envelope, DrillResult)
    verify_current(document, now)
    body, name = document.body, envelope.payload_digest()
    if unit.recorded(f"drill:{name}"):
        return
    order, _ = trust.roster().open_by_person(unit.document(body.order), DrillOrder)
    if (order.body.repository, order.body.environment) != (body.repository, body.environment):
        raise Refused("MAG-E451", "the result is for another place than the order")
    issued = unix_seconds(document.issued)
    expires = unix_seconds(document.expires or document.issued)
    if expires - issued > DRILL_SECONDS:
        raise Refused("MAG-E451", f"a result counts for {DRILL_SECONDS // 86400} days at most")
    facts = {
        "result": name, "order": body.order, "kind": body.kind.value, "passed": str(body.passed).lower(),
        "repository": body.repository, "environment": body.environment,
        "held": str(sum(p.held for p in body.probes)), "probes": str(len(body.probes)),
    }  # fmt: skip
    seq = unit.append(
        Event.DRILL_DONE, f"repository:{body.repository}", facts, now=now, once=f"drill:{name}",
        payloads={"result": envelope.payload_bytes()},
    ).seq  # fmt: skip
    unit.keep(envelope, kind=DrillResult.NAME, proposal=None, author="executor", seq=seq)
    passed = body.passed and bool(body.probes) and all(probe.held for probe in body.probes)
    unit.keep_drill(
        DrillRow(
            result=name, order=body.order, kind=body.kind.value, repository=body.repository,
            environment=body.environment, passed=passed, issued=issued, expires=expires,
        )
    )  # fmt: skip


def readiness(unit: Unit, repository: str, environment: str, now: int) -> dict[str, str]:
    """Each drill with `passed`, `failed`, `expired` or `never`."""
    found = dict.fromkeys((kind.value for kind in DrillKind), "never")
    for row in unit.drills():
        if (row.repository, row.environment) == (repository, environment):
            state = "passed" if row.passed else "failed"
            found[row.kind] = "expired" if row.passed and row.expires <= now else state
    return found


def drilled(unit: Unit, repository: str, environment: str, now: int) -> bool:
    """Whether all four have passed and none has expired."""
    found = readiness(unit, repository, environment, now)
    return len(found) == len(DrillKind) and all(state == "passed" for state in found.values())
