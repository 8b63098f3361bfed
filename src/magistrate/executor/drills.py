"""The four drills of R85, ordered by an operator, run for real on a scratch repository.

Rule kept: the order is believed only from an operator of the trusted roster; drills touch
repositories with the scratch prefix only; a result is signed, kept in the executor's own
journal for seven days, and only then told to control.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from magistrate.authority.admission import Pins
from magistrate.authority.policy import trust_policy
from magistrate.authority.roster import TrustedRoster, trust_roster
from magistrate.domain.principal import Role
from magistrate.errors import MagistrateError, Refused, Unavailable
from magistrate.executor.drill_probes import ScratchDrills
from magistrate.executor.drill_record import DrillRecord
from magistrate.executor.identity import Identity
from magistrate.executor.log_tamper import tamper_probes, unpack_export
from magistrate.executor.outbox import Outbox
from magistrate.executor.ports import Broker, Clock, ControlInbox, DrillCall
from magistrate.ledger.verify import Anchors
from magistrate.wire.document import Document, verify_current
from magistrate.wire.drill import DRILL_SECONDS, SCRATCH_PREFIX, DrillKind, DrillOrder, DrillResult, Probe
from magistrate.wire.times import unix_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillParts:
    """What drills stand on."""

    record: DrillRecord
    identity: Identity
    scratch: ScratchDrills
    broker: Broker
    inbox: ControlInbox
    outbox: Outbox
    clock: Clock
    pins: Callable[[], Pins]


class Drills:
    """Runs ordered drills."""

    def __init__(self, parts: DrillParts) -> None:
        self._parts = parts

    def run(self, call: DrillCall) -> None:
        """Run those of the four that have no result for this order yet.

        Raises:
            Refused, Usage: the order is not believed.
            Unavailable: gate or control did not answer; what has a result keeps it.
        """
        order, roster = self._believed(call)
        digest = call.order.payload_digest()
        todo = [kind for kind in DrillKind if kind not in self._parts.record.done(digest)]
        for kind in todo:
            probes = self._probes(kind, call, order, roster)
            body = DrillResult(
                order=digest, kind=kind, repository=order.body.repository, environment=order.body.environment,
                passed=bool(probes) and all(p.held for p in probes), probes=probes,
            )  # fmt: skip
            now = self._parts.clock.now()
            self._parts.record.add(self._parts.identity.frame(body, "drl", now=now, lifetime=DRILL_SECONDS))
            self._parts.outbox.flush()
        if todo:
            self._parts.broker.release_hold(digest)

    def _believed(self, call: DrillCall) -> tuple[Document[DrillOrder], TrustedRoster]:
        pins = self._parts.pins()
        roster = trust_roster(call.roster, pin=pins.roster, deployment=pins.deployment)
        if roster.body.version < pins.roster_version:
            raise Refused("MAG-E396", "the drill order comes with an older roster than the one known here")
        order, person = roster.open_by_person(call.order, DrillOrder)
        verify_current(order, self._parts.clock.now())
        roster.verify_role(person, Role.OPERATOR)
        if order.body.person != person.person:
            raise Refused("MAG-E396", f"`{person.person}` ordered a drill in the name of `{order.body.person}`")
        if unix_seconds(order.issued) <= self._parts.record.demoted_at(order.body.repository):
            raise Refused("MAG-E396", "the order is older than what took readiness away", hint="order the drills again")
        if not order.body.scratch.startswith(SCRATCH_PREFIX):
            raise Refused("MAG-E396", f"`{order.body.scratch}` is not a scratch repository")
        if order.body.environment not in trust_policy(call.policy, roster).environments(order.body.repository):
            raise Refused("MAG-E396", f"policy knows no environment `{order.body.environment}` there")
        return order, roster

    def _probes(
        self, kind: DrillKind, call: DrillCall, order: Document[DrillOrder], roster: TrustedRoster
    ) -> tuple[Probe, ...]:
        """Run one drill. What refuses where it should not is a probe that did not hold."""
        scratch = self._parts.scratch
        try:
            match kind:
                case DrillKind.LOG_TAMPER:
                    return self._log_tamper(roster)
                case DrillKind.ENTITLEMENT:
                    return scratch.entitlement(call.order, order.body)
                case DrillKind.REVOCATION:
                    return scratch.revocation(call.order, order.body)
                case DrillKind.ROLLBACK:
                    return scratch.rollback(call.order, order.body)
        except Unavailable:
            raise
        except MagistrateError as error:
            return (Probe(probe=f"{kind} runs to its end", held=False, seen=f"{error.code} {error.message}"[:400]),)

    def _log_tamper(self, roster: TrustedRoster) -> tuple[Probe, ...]:
        processes = roster.body.processes
        anchors = Anchors(log=processes.log, witnesses=processes.witnesses, quorum=roster.body.thresholds.witnesses)
        return tamper_probes(unpack_export(self._parts.inbox.log_export()), anchors)
