"""How the parts of the executor stand together, given its ports; shared by every composition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from magistrate.authority.stops import Stops
from magistrate.executor.action import Actions
from magistrate.executor.admit import Admission, Ground
from magistrate.executor.beside import Beside, ByEffect
from magistrate.executor.casebook import Casebook
from magistrate.executor.checks import Checks
from magistrate.executor.deliveries import Carrier, Deliveries
from magistrate.executor.drill_probes import GateMisuse, Misuse, ScratchDrills
from magistrate.executor.drill_record import DrillRecord
from magistrate.executor.drills import DrillParts, Drills
from magistrate.executor.entitlements import Entitlements, System
from magistrate.executor.foreign import ForeignLeases
from magistrate.executor.halts import Halts
from magistrate.executor.hands import Hands
from magistrate.executor.identity import Identity
from magistrate.executor.journal import Journal
from magistrate.executor.loop import Loop
from magistrate.executor.mints import Mints, system_ref, target_ref
from magistrate.executor.outbox import Outbox
from magistrate.executor.ports import (
    Alarm,
    Assessor,
    Broker,
    CheckRunner,
    Clock,
    Consumer,
    ControlInbox,
    DrillGround,
    LiveProbe,
    Mint,
    Target,
)
from magistrate.executor.rotations import Rotations, SecretStore
from magistrate.executor.saga import Parts, Saga
from magistrate.executor.verification import Verifier
from magistrate.executor.watch import WATCH_SECONDS, Watch
from magistrate.wire.effect import ChangeEntitlement, Deploy, RotateSecret


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The world of one executor: its ports, what it was told out of band, and its pace (seconds)."""

    identity: Identity
    ground: Ground
    clock: Clock
    alarm: Alarm
    inbox: ControlInbox
    broker: Broker
    drill_ground: DrillGround
    gate_misuse: GateMisuse
    target: Target
    actions: Actions
    misuse: Misuse
    assessor: Assessor
    checks: CheckRunner
    live: LiveProbe
    stops: Callable[[], Stops]
    systems: Mapping[str, System] = field(default_factory=dict)
    stores: Mapping[str, SecretStore] = field(default_factory=dict)
    consumers: Mapping[str, Consumer] = field(default_factory=dict)
    carriers: Mapping[str, Carrier] = field(default_factory=dict)
    watch_seconds: float = WATCH_SECONDS
    closing: tuple[Callable[[], None], ...] = ()

    def close(self) -> None:
        """Close connections."""
        for close in self.closing:
            close()


def assemble(outside: Outside, journal: Journal) -> Loop:
    """Put an executor together over an open journal."""
    book = Casebook(journal)
    record = DrillRecord(journal, outside.identity)
    outbox = Outbox(book=book, record=record, inbox=outside.inbox, alarm=outside.alarm)
    mints = _mints(outside)
    hands = Hands(book=book, identity=outside.identity, mints=mints, clock=outside.clock, alarm=outside.alarm)
    halts = Halts(book=book, broker=outside.broker, alarm=outside.alarm, deployment=outside.identity.deployment)
    foreign = ForeignLeases(book=book, mints=mints, alarm=outside.alarm, identity=outside.identity)
    admission = Admission(
        book=book, halts=halts, foreign=foreign, record=record, identity=outside.identity, target=outside.target, assessor=outside.assessor,
        stops=outside.stops, clock=outside.clock, ground=outside.ground,
    )  # fmt: skip
    saga = Saga(
        Parts(
            book=book, identity=outside.identity, admission=admission, halts=halts, hands=hands, beside=_beside(outside, book, hands), broker=outside.broker,
            actions=outside.actions(outside.target, outside.broker.read_ref, outside.identity.sign_for_git), checks=Checks(book=book, runner=outside.checks), inbox=outside.inbox, outbox=outbox, clock=outside.clock,
            alarm=outside.alarm, verifier=Verifier(book=book, live=outside.live, clock=outside.clock),
        )
    )  # fmt: skip
    scratch = ScratchDrills(
        hands=hands, identity=outside.identity, broker=outside.broker, ground=outside.drill_ground,
        target=outside.target, misuse=outside.misuse, gate=outside.gate_misuse, clock=outside.clock,
    )  # fmt: skip
    drills = Drills(
        DrillParts(
            record=record, identity=outside.identity, scratch=scratch, broker=outside.broker, inbox=outside.inbox,
            outbox=outbox, clock=outside.clock, pins=admission.newest_pins,
        )
    )  # fmt: skip
    watch = Watch(
        book=book, broker=outside.broker, clock=outside.clock, alarm=outside.alarm, interval=outside.watch_seconds
    )
    return Loop(
        book=book, hands=hands, saga=saga, halts=halts, foreign=foreign, drills=drills, watch=watch, outbox=outbox, inbox=outside.inbox,
        clock=outside.clock, alarm=outside.alarm,
    )  # fmt: skip


def _mints(outside: Outside) -> Mints:
    """The gate, and whoever mints for a system or target; a system that is changed in two ways has one mint."""
    places: dict[str, Mint] = {target_ref(name): one.mint for name, one in outside.consumers.items()}
    places |= {target_ref(name): one.mint for name, one in outside.carriers.items()}
    for each in (outside.systems, outside.stores):
        places |= {system_ref(name): one.mint for name, one in each.items()}
    return Mints(outside.broker, places)


def _beside(outside: Outside, book: Casebook, hands: Hands) -> Beside:
    return ByEffect(
        {
            Deploy: Deliveries(book=book, hands=hands, target=outside.target, carriers=outside.carriers),
            ChangeEntitlement: Entitlements(
                book=book, hands=hands, target=outside.target, systems=outside.systems, alarm=outside.alarm
            ),
            RotateSecret: Rotations(
                book=book, hands=hands, target=outside.target, stores=outside.stores, consumers=outside.consumers
            ),
        }
    )  # fmt: skip
