"""Drills: orders and results, and whether a repository and environment have proven themselves.

Rule kept (R85): all four drills have passed and none has expired, or the place counts as
undrilled; a newer failure takes back an older pass, and so does the word of an executor that the same assessor
gives another verdict there (`trust.demoted`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from magistrate.domain.case import DrillRow, EventRow
from magistrate.domain.events import Event
from magistrate.domain.principal import Role
from magistrate.errors import Refused
from magistrate.ports import Trust, Unit
from magistrate.wire.document import verify_current
from magistrate.wire.drill import DRILL_SECONDS, SCRATCH_PREFIX, DrillKind, DrillOrder, DrillResult
from magistrate.wire.envelope import Envelope
from magistrate.wire.times import rfc3339, unix_seconds

_SHORT: Final = slice(7, 19)


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
    known = trust.policy().environments(body.repository)
    if body.person != person.person or body.environment not in known or document.expires is None:
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


def open_orders(unit: Unit, trust: Trust, now: int, executors: Collection[str] = ()) -> tuple[Envelope, ...]:
    """Orders that still lack a result and have not expired.

    With `executors` (key ids) those that lack one by any of them: each proves its own walls, since each counts only what
    its own journal says.
    """
    current: dict[str, Envelope] = {}
    for envelope in unit.documents(DrillOrder.NAME):
        try:
            document, _ = trust.roster().open_by_person(envelope, DrillOrder)
            verify_current(document, now)
        except Refused:
            continue  # expired, or by somebody who is no longer in the roster
        current[envelope.payload_digest()] = envelope
    done = _done(unit, current)
    return tuple(
        envelope for name, envelope in current.items()
        if any(len(done.get((name, who), ())) < len(DrillKind) for who in executors or ("",))
    )  # fmt: skip


def orders_for(unit: Unit, trust: Trust, executor: str, asking: Sequence[str], now: int) -> tuple[Envelope, ...]:
    """Orders for one executor: those that it has not reported on, once whoever asks before it (in this order) has.

    One after the other, since all of an order's drills use one scratch repository.
    """
    before = asking[: asking.index(executor)] if executor in asking else ()
    waiting = {one.payload_digest() for one in open_orders(unit, trust, now, before)} if before else set()
    return tuple(one for one in open_orders(unit, trust, now, (executor,)) if one.payload_digest() not in waiting)


def _done(unit: Unit, orders: Collection[str]) -> dict[tuple[str, str], set[str]]:
    """The kinds that have a result, by order and key id; by the empty key id whoever it was."""
    done: dict[tuple[str, str], set[str]] = {}
    for row in unit.drills() if orders else ():
        if row.order not in orders:
            continue
        (signature,) = unit.document(row.result).signatures
        for who in ("", signature.keyid):
            done.setdefault((row.order, who), set()).add(row.kind)
    return done


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
    """Each drill with `passed`, `failed`, `expired`, `lost` or `never`."""
    found = dict.fromkeys((kind.value for kind in DrillKind), "never")
    lost = demoted_at(unit, repository)
    for row in unit.drills():
        if (row.repository, row.environment) == (repository, environment):
            state = "passed" if row.passed else "failed"
            state = "expired" if row.passed and row.expires <= now else state
            found[row.kind] = "lost" if state == "passed" and row.issued <= lost else state
    return found


def demoted_because(unit: Unit, repository: str, environment: str, now: int) -> str:
    """Why the place lost its readiness, in words, until its drills have passed anew; else an empty text."""
    row = _demotion(unit, repository)
    if row is None or drilled(unit, repository, environment, now):
        return ""
    facts = row.facts
    return (
        f"readiness lost: the executor says that {facts.get('proposal', '')[_SHORT]} got {facts.get('why', 'no reason')}"
        f" ({rfc3339(_demoted_at(row))}); find out who is right, then: magistrate drill {repository}"
    )


def _demotion(unit: Unit, repository: str) -> EventRow | None:
    """The last time that an executor took readiness away."""
    told = [row for row in unit.events(f"repository:{repository}") if row.event == Event.TRUST_DEMOTED]
    return max(told, key=_demoted_at, default=None)


def demoted_at(unit: Unit, repository: str) -> int:
    """When readiness of a repository was last lost (Unix seconds); 0 when it never was."""
    return _demoted_at(_demotion(unit, repository))


def _demoted_at(row: EventRow | None) -> int:
    """By the clock of the executor (Unix seconds), as the results of its drills are; 0 for never."""
    return 0 if row is None else int(row.facts["at"])


def drilled(unit: Unit, repository: str, environment: str, now: int) -> bool:
    """Whether all four have passed and none has expired."""
    found = readiness(unit, repository, environment, now)
    return len(found) == len(DrillKind) and all(state == "passed" for state in found.values())
