"""A working world in memory around a real executor: gate, target, control, clock; real journal and keys.

The gate here keeps the rules that the executor relies on: a token works once, for exactly
`old -> new` on one ref, until it is revoked; a lease revoked before its mint is never minted.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from world.admissible import BASE, DIFF, NOW, OLD, RESULT, Admissible
from world.deployment import make_deployment

from magistrate.authority.admission import Pins
from magistrate.authority.closures import Halt
from magistrate.authority.stops import Stops
from magistrate.bootstrap.executor import actions_of
from magistrate.domain.entitlements import Entitlement
from magistrate.domain.rotation import SecretUse
from magistrate.domain.stages import StagePlan
from magistrate.domain.tags import ReleasePlan
from magistrate.errors import NotFound, Refused, Unavailable
from magistrate.executor.admit import Ground
from magistrate.executor.assembly import Outside, assemble
from magistrate.executor.casebook import Casebook
from magistrate.executor.drill_record import DrillRecord
from magistrate.executor.identity import Identity
from magistrate.executor.journal import Journal
from magistrate.executor.journal_place import JournalPlace
from magistrate.executor.loop import Loop
from magistrate.executor.ports import Credential, ProviderLease, Rebuilt, Ruling, Scanned, Seen
from magistrate.wire.canonical import digest
from magistrate.wire.drill import DRILL_SECONDS, DrillKind, DrillResult, Probe
from magistrate.wire.effect import ABSENT
from magistrate.wire.envelope import Envelope
from magistrate.wire.policy_bundle import Command, HttpProbe

PROBE = HttpProbe(url="http://127.0.0.1:9/health", status=200, body_contains="{commit}", within_seconds=2)
CHECK = Command(command="tests", argv=("true",), timeout_seconds=10)
SCAN = Command(command="scan", argv=("scan",), timeout_seconds=10)
MAIN = "refs/heads/main"


class Killed(BaseException):
    """The process dies here: nothing after it runs that a killed process would not run."""


DRILLED = 4
"""Entries of a journal that stand there when a world begins: one for each passed drill."""


def dying_at(moment: int) -> type[Journal]:
    """A journal whose process dies as it writes the entry of this number, the drills not counted."""

    class Dying(Journal):
        written = 0

        def write(self, *given: Any, **more: Any) -> Any:
            Dying.written += 1
            if Dying.written == moment + DRILLED:
                raise Killed
            return super().write(*given, **more)

    return Dying


@dataclass
class FakeClock:
    passed: float = 0.0

    def now(self) -> int:
        return NOW + int(self.passed)

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


@dataclass
class Alarms:
    told: list[str] = field(default_factory=list)

    def raise_alarm(self, what: str) -> None:
        self.told.append(what)


@dataclass
class MemoryGate:
    """`refs` maps (repository, ref) to a commit; `moves` counts real moves of refs."""

    refs: dict[tuple[str, str], str] = field(default_factory=lambda: {("shop", MAIN): OLD})
    grants: dict[str, dict[str, str]] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)
    moves: Counter[str] = field(default_factory=Counter)
    halts: dict[str, Halt] = field(default_factory=dict)
    honour_revocation: bool = True
    up: bool = True
    refuse: Callable[[str], bool] = lambda purpose: False
    before_push: Callable[[], None] = lambda: None
    rows_at_mint: list[tuple[str, str | None]] = field(default_factory=list)
    row_of: Callable[[str], str | None] = lambda lease: None

    def request(self, bundle: Any, lease: Envelope, withdrawals: Any) -> Credential:
        self._answering()
        document = json.loads(lease.payload_bytes())
        body, name = document["body"], document["id"]
        self.rows_at_mint.append((name, self.row_of(name)))
        if name in self.dead or name in self.grants or self.refuse(body["purpose"]):
            raise Refused("MAG-E332", "not minted")
        if self.refs.get((body["repository"], body["ref"]), ABSENT) != body["old"]:
            raise Refused("MAG-E342", "the ref stands elsewhere")
        token = hashlib.sha256(name.encode()).hexdigest()
        self.grants[name] = {**body, "token": token, "state": "issued"}
        return Credential(lease=name, token=token, address="http://gate/shop.git", expires=document["expires"])

    def request_drill(self, order: Envelope, lease: Envelope) -> Credential:
        return self.request(None, lease, ())

    def prepare_scratch(self, order: Envelope) -> str:
        scratch = json.loads(order.payload_bytes())["body"]["scratch"]
        self.refs[scratch, MAIN] = OLD
        return OLD

    def revoke(self, lease: str) -> ProviderLease:
        self._answering()
        if lease not in self.grants:
            self.dead.add(lease)
            raise NotFound("MAG-E334", "no such lease")
        if self.grants[lease]["state"] == "issued" and self.honour_revocation:
            self.grants[lease]["state"] = "revoked"
        return self.state(lease)

    def state(self, lease: str) -> ProviderLease:
        self._answering()
        if lease not in self.grants:
            raise NotFound("MAG-E334", "no such lease")
        state = self.grants[lease]["state"]
        return ProviderLease(lease=lease, state=state, usable=state == "issued", ref_state="")

    def leases(self) -> tuple[ProviderLease, ...]:
        return tuple(replace(self.state(lease), repository=self.grants[lease]["repository"]) for lease in self.grants)

    def disown(self, lease: str) -> ProviderLease:
        return self.revoke(lease)

    def probe(self, credential: Credential) -> Seen:
        usable = self.state(credential.lease).usable or not self.honour_revocation
        return Seen(held=not usable, seen="accepted" if usable else "refused")

    def attempt(self, credential: Credential, url: str, service: str) -> Seen:
        return Seen(held=True, seen="refused")

    def release_hold(self, warrant: str) -> None:
        self._answering()

    def hold_for_people(self, warrant: str, halt: Halt, why: str) -> None:
        self._answering()
        self.halts[warrant] = halt

    def read_ref(self, repository: str, ref: str) -> str:
        self._answering()
        return self.refs.get((repository, ref), "")

    def receive(self, credential: Credential, ref: str, new: str) -> Seen:
        self.before_push()
        self._answering()
        grant = self.grants[credential.lease]
        where = grant["repository"], ref
        right = (grant["ref"], grant["commit"], grant["old"]) == (ref, new, self.refs.get(where, ABSENT))
        if grant["token"] != credential.token or grant["state"] != "issued" or not right:
            return Seen(held=False, seen="refused")
        grant["state"] = "used"
        self.refs[where] = new
        self.moves[new] += 1
        return Seen(held=True, seen="ok")

    def usable(self) -> list[str]:
        return [lease for lease, grant in self.grants.items() if grant["state"] == "issued"]

    def _answering(self) -> None:
        if not self.up:
            raise Unavailable("MAG-E395", "the gate does not answer")


@dataclass
class MemoryTarget:
    gate: MemoryGate
    rebuilt: Rebuilt
    commits: dict[str, Any] = field(default_factory=dict)
    planned: dict[str, Any] = field(default_factory=dict)
    documents: dict[str, frozenset[Entitlement]] = field(default_factory=dict)
    """What a document gives away, by tree."""
    use: SecretUse | None = None
    """Who uses the secret that is rotated."""

    def prepare(self, repository: str, ref: str, old: str) -> None:
        pass

    def rebuild(self, repository: str, old: str, diff: bytes) -> Rebuilt:
        return self.rebuilt

    def commit(self, repository: str, spec: Any) -> str:
        name = hashlib.sha1(repr(spec).encode(), usedforsecurity=False).hexdigest()
        self.commits[name] = spec
        return name

    def plan_release(self, repository: str, branch: str, prefix: str, effect: Any) -> ReleasePlan:
        """As the case says it, but for what `planned` says otherwise."""
        plan = ReleasePlan(
            ref=effect.ref, commit=effect.commit, previous=effect.previous, base_tree=effect.base_tree,
            result_tree=effect.result_tree, diff=DIFF, manifest_sha256=effect.manifest_sha256, paths=("a.py",),
        )  # fmt: skip
        return replace(plan, **self.planned)

    def plan_stage(self, repository: str, branch: str, effect: Any) -> StagePlan:
        """As the case says it, but for what `planned` says otherwise."""
        plan = StagePlan(
            ref=effect.ref, old=effect.old, commit=effect.commit, base_tree=effect.base_tree,
            result_tree=effect.result_tree, diff=DIFF, manifest_sha256=effect.manifest_sha256,
            paths=("a.py",),
            **{
                name: getattr(effect, name) for name in ("artifact_digest", "before_digest", "after_digest", "consumers_digest")
                if hasattr(effect, name)
            },
        )  # fmt: skip
        return replace(plan, **self.planned)

    def document(self, repository: str, tree: str, path: str) -> frozenset[Entitlement]:
        return self.documents[tree]

    def artifact(self, repository: str, tree: str) -> bytes:
        return f"artifact of {tree}".encode()

    def secret_use(self, repository: str, tree: str, path: str) -> SecretUse:
        assert self.use is not None
        return self.use

    def tag(self, repository: str, text: bytes) -> str:
        name = hashlib.sha1(text, usedforsecurity=False).hexdigest()
        self.commits[name] = text
        return name

    def push(self, credential: Credential, repository: str, ref: str, new: str) -> Seen:
        return self.gate.receive(credential, ref, new)

    def push_as(self, credential: Credential, repository: str, refspec: str) -> Seen:
        new, _, ref = refspec.partition(":")
        return self.gate.receive(credential, ref, new)


@dataclass
class MemoryControl:
    """Control's side: offers bundles until they are taken, and remembers everything it is told."""

    bundles: list[Any] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    steps: dict[str, Any] = field(default_factory=dict)
    reports: dict[str, Any] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    orders: list[Any] = field(default_factory=list)
    export: bytes = b""
    up: bool = True
    offer_again: bool = False

    def warrants(self) -> tuple[Any, ...]:
        self._answering()
        return tuple(b for b in self.bundles if self.offer_again or _id(b.warrant) not in self.taken)

    def take(self, warrant: str) -> bool:
        self._answering()
        if warrant in self.taken:
            return False
        self.taken.append(warrant)
        return True

    def drills(self) -> tuple[Any, ...]:
        self._answering()
        return tuple(self.orders)

    def send_step(self, entry: Envelope) -> None:
        self._answering()
        self.steps[entry.payload_digest()] = json.loads(entry.payload_bytes())["body"]

    def send_report(self, report: Envelope) -> None:
        self._answering()
        self.reports[report.payload_digest()] = json.loads(report.payload_bytes())["body"]

    def send_drill_result(self, result: Envelope) -> None:
        self._answering()
        self.results[result.payload_digest()] = json.loads(result.payload_bytes())["body"]

    def log_export(self) -> bytes:
        self._answering()
        return self.export

    @property
    def outcomes(self) -> list[str]:
        return [report["outcome"] for report in self.reports.values()]

    def _answering(self) -> None:
        if not self.up:
            raise Unavailable("MAG-E395", "control does not answer")


@dataclass
class Judge:
    """The executor's own assessor: says what it was told to have found."""

    found: Any
    ruled: Ruling
    whole: Any = None
    """What it says of the change together with what landed, with the ruling `ruled_whole` on it."""
    ruled_whole: Ruling | None = None
    asked_of: list[Any] = field(default_factory=list)
    linked: Any = ()
    """What it says is linked with what landed elsewhere; ruled `ruled_at` in that place."""
    ruled_at: Ruling | None = None

    def verdict(self, matter: Any) -> Any:
        return self.found

    def together(self, matter: Any, landed: Any) -> Any:
        self.asked_of.append([one.proposal for one in landed])
        return () if self.whole is None else (self.whole,)

    def across(self, matter: Any, landed: Any, elsewhere: Any, own: Any) -> Any:
        self.asked_of.append([one.proposal for one in elsewhere])
        return self.linked

    def ruling(self, matter: Any, verdict: Any, place: str = "") -> Ruling:
        if place and self.ruled_at is not None:
            return self.ruled_at
        return self.ruled_whole if self.ruled_whole is not None and verdict is self.whole else self.ruled


@dataclass
class Eyes:
    """Check runner and live probe."""

    checks_pass: bool = True
    live: Callable[[str], bool] = lambda commit: True
    looked: list[str] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    scans: dict[str, Scanned] = field(default_factory=dict)
    """What a scan says, by tree."""

    def scan(self, repository: str, tree: str, command: Any) -> Scanned:
        return self.scans[tree]

    def run(self, repository: str, tree: str, command: Any) -> Seen:
        self.checked.append(tree)
        return Seen(held=self.checks_pass, seen="ran")

    def look(self, probe: Any, commit: str) -> Seen:
        self.looked.append(commit)
        return Seen(held=self.live(commit), seen="looked")


class World:
    """A case, a world, and an executor that can be started again and again over one journal."""

    def __init__(self, home: Path, *, where: JournalPlace | None = None, drilled: bool = True, rescan: bool = False, probes: tuple[HttpProbe, ...] = (PROBE,), **knobs: Any) -> None:  # fmt: skip
        self.home = home
        self.where = where or home / "executor" / "journal.db"
        self.case = Admissible(home, **knobs)
        self.case.town = make_deployment(
            home, mode=self.case.mode, production=self.case.production, checks=[CHECK], rescan=SCAN if rescan else None,
            verification=probes, release_tags=self.case.release_tags, stages=self.case.stages,
            estate=self.case.estate, windows=self.case.windows, workloads=self.case.workloads, now=NOW - 100,
        )  # fmt: skip
        self.bundle = self.case.build()
        self.identity = Identity(self.case.town.keys["executor"], deployment=self.case.town.name)
        self.clock, self.alarm = FakeClock(), Alarms()
        self.gate, self.control, self.eyes = MemoryGate(), MemoryControl(bundles=[self.bundle]), Eyes()
        self.target = MemoryTarget(self.gate, Rebuilt(base_tree=BASE, result_tree=RESULT, manifest_sha256=digest(b"m")))
        self.judge = Judge(
            self.case._verdict(), Ruling(strictness=self.case.decision_strictness, obligations=self.case.obligations)
        )
        self.stops = Stops()
        self.journal: Journal | None = None
        self.drilled = drilled

    def outside(self, **changes: Any) -> Outside:
        town = self.case.town
        parts: dict[str, Any] = {
            "identity": self.identity, "clock": self.clock, "alarm": self.alarm, "inbox": self.control,
            "ground": Ground(
                pins=Pins(deployment=town.name, roster=town.pin), same_user_walls=False, newest=lambda pins: pins
            ),
            "broker": self.gate, "drill_ground": self.gate, "gate_misuse": self.gate, "target": self.target, "actions": actions_of,
            "misuse": self.target, "assessor": self.judge, "checks": self.eyes, "live": self.eyes,
            "stops": lambda: self.stops,
        }  # fmt: skip
        return Outside(**{**parts, **changes})

    def open(self, journal: type[Journal] = Journal) -> Journal:
        if self.journal is not None:
            self.journal.close()
        self.journal = journal(self.where, self.identity, self.clock)
        self.gate.row_of = lambda lease: Casebook(self.journal).lease_state(lease)  # type: ignore[arg-type]
        return self.journal

    def executor(self, *, journal: type[Journal] = Journal, **changes: Any) -> Loop:
        """Start an executor: the first time with passed drills in its own journal."""
        opened = self.open(journal)
        if self.drilled:
            self.pass_drills(opened)
            self.drilled = False
        return assemble(self.outside(**changes), opened)

    def pass_drills(self, journal: Journal, *, passed: bool = True, kinds: Any = tuple(DrillKind)) -> None:
        record = DrillRecord(journal, self.identity)
        for kind in kinds:
            body = DrillResult(
                order=digest(b"order"), kind=kind, repository="shop", environment="staging", passed=passed,
                probes=(Probe(probe="p", held=passed, seen="s"),),
            )  # fmt: skip
            record.add(self.identity.frame(body, "drl", now=self.clock.now(), lifetime=DRILL_SECONDS))

    def tip(self) -> str:
        return self.gate.refs["shop", MAIN]

    def commit(self) -> str:
        """The commit that the warrant authorises, once it was made."""
        return next(name for name, spec in self.target.commits.items() if spec.parent == OLD)

    def inverse(self) -> str:
        return next(name for name, spec in self.target.commits.items() if spec.parent == self.commit())

    def steps(self) -> list[str]:
        """What control was told, in the order of the journal."""
        told = sorted(self.control.steps.values(), key=lambda body: body["sequence"])
        return [body["step"] for body in told if body["execution"].startswith("wrt-")]


def _id(envelope: Envelope) -> str:
    return str(json.loads(envelope.payload_bytes())["id"])
