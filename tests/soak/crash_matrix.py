"""R53, R56, R62: the crash matrix, cell by cell, over a real gate, a real executor and real git.

Each case drives one execution to one durable write, strikes there, heals, and waits for the end. Then:
no credential usable, by the token that went over the wire and by the gate's list; no effect twice; nothing
half done; one signed report, which says where the ref is; the journal verifies; every lease is released,
and none is without its reason.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import httpx
from soak.crash_cells import CELLS, Cell
from soak.crash_faults import DEEDS, Fault, Scene
from soak.subject import BrokenError, Chances, Subject, Told, Trial
from world.crash_processes import Place, world_of
from world.crash_town import SECONDS, CrashTown, another_hand, crash_town
from world.real_gate import git

from magistrate.domain.events import Event
from magistrate.errors import MagistrateError
from magistrate.executor.journal import Journal
from magistrate.executor.rows import JournalStep
from magistrate.wire.effect import ABSENT
from magistrate.wire.report import Outcome, Report

CASES = 20
SHARDS = -(-len(CELLS) // CASES)
LEASE_SECONDS, SHORT_LEASE_SECONDS = 30, 2
OUTLIVE_SHARE = 0.25
INSIDE_SHARE, PUSH_SECONDS = 0.7, 0.12
"""After `effect.started` it mostly strikes inside the push."""
_ORPHANS = (
    "select count(*) from leases l left join executions e on e.warrant = l.execution where e.warrant is null"
    " or l.warrant_digest <> e.warrant_digest or l.proposal is distinct from e.proposal or l.proposal = '' or l.reason = ''"
    " or l.repository = '' or l.ref = '' or l.old = '' or l.new = '' or l.expires = ''"
)
"""R51: a privilege without its proposal, warrant, reason, scope or end."""


class Matrix:
    """Cases over one town."""

    cells: ClassVar[Sequence[Cell]] = CELLS
    deeds: ClassVar[Mapping[str, Fault]] = DEEDS

    def __init__(self, town: CrashTown) -> None:
        self._town = town

    def trial(self, rng: Chances) -> str:
        """The cell of this case; how it ended."""
        cell = self.cells[(rng.shard * CASES + rng.case) % len(self.cells)]
        return self.run(cell, rng)

    def enter(self, cell: Cell) -> None:
        """A fresh case for a cell."""
        self._town.enter(healthy=cell.way.healthy)

    def struck(self) -> None:
        """The fault has just struck, and nothing is mended yet."""

    def verify_dead(self) -> None:
        """Nothing that was given out opens anything (raises BrokenError)."""
        verify_dead(self._town)

    def verify_end(self, cell: Cell, foreign: str) -> tuple[str, list[int]]:
        """Everything that must hold; the outcome, and how long each revocation took in ms (raises BrokenError)."""
        return verify_end(self._town, cell, foreign)

    def run(self, cell: Cell, rng: Chances) -> str:
        """One execution through one cell; raises BrokenError."""
        outlive = rng.random() < OUTLIVE_SHARE and _may_outlive(cell)
        scene = Scene(self._town, rng, SHORT_LEASE_SECONDS if outlive else LEASE_SECONDS)
        scene.outlive = outlive
        self.enter(cell)
        try:
            foreign = self._to_the_point(scene, cell)
            self._strike(scene, cell)
            self._await_end(scene)
            outcome, figures = self.verify_end(cell, foreign)
            return Told(f"{cell.name}: {outcome}", {cell.fault: figures})
        except BrokenError as error:
            raise BrokenError(f"{cell.name}: {error}\n{self._town.said()}") from error
        finally:
            self._town.leave()

    def _to_the_point(self, scene: Scene, cell: Cell) -> str:
        """Drive the execution to its point; the commit of another hand, if the way has one."""
        points = (*(point for point, _ in cell.way.leads), cell.point)
        foreign = ""
        executor = scene.start(points)
        for number, (point, deed) in enumerate(cell.way.leads, 1):
            _arrive(executor.at_point(), point.step)
            if deed == "crash":
                executor.kill()
                executor = scene.start(points[number:])
                continue
            if deed == "provider dies":
                self._town.wire.die()
            else:
                foreign = another_hand(self._town)
            executor.go_on()
        _arrive(executor.at_point(), cell.point.step)
        return foreign

    def _strike(self, scene: Scene, cell: Cell) -> None:
        striking, at_point, point = self.deeds[cell.fault](scene), scene.executor, cell.point
        assert at_point is not None
        begun = point.step in {Event.EFFECT_STARTED, JournalStep.SYSTEM_STARTED} and point.moment == "after"
        if begun and scene.rng.random() < INSIDE_SHARE:
            at_point.go_on()
            time.sleep(scene.rng.uniform(0, PUSH_SECONDS))
        next(striking)
        at_point.go_on()
        self.struck()
        for _ in striking:
            raise AssertionError("a fault strikes once")
        if scene.outlive:
            self.verify_dead()
        scene.healing()
        self._town.wire.heal()  # where the way to the point had it die

    def _await_end(self, scene: Scene) -> None:
        """Until everything has its end; an executor that went down by itself is started again, as by the supervisor."""
        end = time.monotonic() + SECONDS
        while not self._town.over():
            if time.monotonic() > end:
                raise BrokenError("it does not come to an end")
            if scene.executor is None or not scene.executor.alive():
                scene.start()
            time.sleep(0.05)


def _may_outlive(cell: Cell) -> bool:
    """Whether the executor may be left with a credential for longer than the lease; the provider answers for itself."""
    faults = {
        "kill executor", "stop executor", "stop gate", "dead provider", "clock +1 h", "clock -1 h", "journal killed", "journal stopped",
        "journal cut",
    }  # fmt: skip
    return cell.fault in faults and cell.way.name not in {"resumed", "unconfirmed"}


def _arrive(at: tuple[Any, ...] | None, step: str) -> None:
    if at is None or at[0] != step:
        raise BrokenError(f"it never came to `{step}`")


def verify_dead(town: CrashTown) -> None:
    """No token that ever went over the wire opens the gate (raises BrokenError)."""
    for token in town.wire.tokens:
        bearer = {"Authorization": f"Bearer {token}"}
        url = f"http://127.0.0.1:{town.inner_port}/shop.git"
        asked = httpx.get(f"{url}/info/refs?service=git-receive-pack", headers=bearer, trust_env=False, timeout=20)
        pushed = httpx.post(f"{url}/git-receive-pack", headers=bearer, content=b"0000", trust_env=False, timeout=20)
        if not {asked.status_code, pushed.status_code} <= {401, 403}:
            raise BrokenError(f"a token is still good: {asked.status_code}, {pushed.status_code}")


def verify_end(town: CrashTown, cell: Cell, foreign: str) -> tuple[str, list[int]]:
    """Everything that must hold; the outcome, and how long each revocation took in ms (raises BrokenError)."""
    for executor in town.executors:
        executor.signal(15)
        executor.process.join(SECONDS)
    verify_dead(town)
    place = Place(home=town.home, gate_port=town.inner_port, control_port=town.control.port)
    outside = world_of(place)
    try:
        usable = [lease.lease for lease in outside.broker.leases() if lease.usable]
        if usable:
            raise BrokenError(f"the gate lists usable leases: {usable}")
        journal = Journal(town.journal_place(), outside.identity, outside.clock)
    except MagistrateError as error:
        raise BrokenError(error.diagnostics()) from error
    try:
        _verify_leases(town, journal)
        seen = _seen(journal)
        report = _the_report(town, journal, outside.identity)
    finally:
        journal.close()
        outside.close()
    _verify_ref(town, cell, seen, foreign)
    _verify_outcome(town, cell, seen, report)
    return report.outcome, seen.dead_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the journal says of the one execution."""

    commit: str
    inverse: str
    outcome: str
    dead_ms: list[int]


def _seen(journal: Journal) -> Seen:
    found = journal.rows.execute("select warrant, commit_id, inverse, outcome from executions").fetchall()
    if len(found) != 1:
        raise BrokenError(f"{len(found)} executions of one warrant")
    warrant, commit, inverse, outcome = found[0]
    ended = [entry.body for entry in journal.entries(warrant) if entry.body.step == "lease.released"]
    dead = [int(body.facts["dead_ms"]) for body in ended]
    return Seen(commit=commit or "", inverse=inverse or "", outcome=outcome, dead_ms=dead)


def _verify_leases(town: CrashTown, journal: Journal) -> None:
    """Every lease is released and has its reason; the gate minted none that has no row here."""
    rows = journal.rows
    (orphans,) = rows.execute(_ORPHANS).fetchone()
    (left,) = rows.execute("select count(*) from leases where state <> 'released'").fetchone()
    if orphans or left:
        raise BrokenError(f"{orphans} leases without a reason, {left} not released")
    ours = {name for (name,) in rows.execute("select lease from leases")}
    place = f"file:{town.home / 'gate' / 'gate.db'}?mode=ro"
    with contextlib.closing(sqlite3.connect(place, uri=True)) as link:
        minted = {name for (name,) in link.execute("select lease from grants")}
    if minted - ours:
        raise BrokenError(f"minted without a row: {minted - ours}")


def _the_report(town: CrashTown, journal: Journal, identity: Any) -> Report:
    """The one report, opened with the executor's key; every step told once, in the journal's own words."""
    if len(town.control.reports) != 1:
        raise BrokenError(f"{len(town.control.reports)} reports")
    (envelope,) = town.control.reports.values()
    report: Report = identity.open_own(envelope, Report).body
    if report.leases_open != 0:
        raise BrokenError("the report says that a lease is open")
    told = {envelope.payload_digest() for envelope in town.control.steps.values()}
    written = {digest for (digest,) in journal.rows.execute("select digest from entries")}
    if told != written:
        raise BrokenError(
            f"control was told {len(told & written)} of {len(written)} steps, and {len(told - written)} others"
        )
    return report


def _verify_ref(town: CrashTown, cell: Cell, seen: Seen, foreign: str) -> None:
    """Old, new, inverse (or what another hand put there); each move once; no object broken, no lock left."""
    tip, ours = town.tip(), {(town.old or ABSENT, seen.commit), (seen.commit, seen.inverse)}
    done = town.moves()
    if len(done) != len(set(done)):
        raise BrokenError(f"an effect happened twice: {done}")
    if any(move not in ours and move[1] != foreign for move in done):
        raise BrokenError(f"the ref was moved by {done}")
    if tip != (done[-1][1] if done else town.old) or (foreign and tip != foreign):
        raise BrokenError(f"the ref stands at {tip}, moved by {done}")
    trees = {seen.commit: town.result_tree, seen.inverse: town.base_tree} if tip else {}
    if tip in trees and town.town.tree(tip) != trees[tip]:
        raise BrokenError("the ref holds a tree that was not approved")
    locks = [str(place) for place in town.bare.rglob("*.lock")]
    if locks:
        raise BrokenError(f"locks are left: {locks}")
    git(town.bare, "fsck", "--strict", "--no-dangling")


def _verify_outcome(town: CrashTown, cell: Cell, seen: Seen, report: Report) -> None:
    """The outcome is where the ref stands, and one that this way can have."""
    tip, outcome = town.tip(), report.outcome
    stands: Mapping[Outcome, set[str]] = {
        Outcome.SUCCEEDED: {seen.commit}, Outcome.ROLLED_BACK: {seen.inverse}, Outcome.FAILED: {town.old},
        Outcome.REFUSED: {town.old},
    }  # fmt: skip
    if outcome != seen.outcome or tip not in stands.get(outcome, {tip}):
        raise BrokenError(f"reported as {outcome}, journal {seen.outcome}, ref at {tip}")
    if outcome in {Outcome.SUCCEEDED, Outcome.ROLLED_BACK} and report.ref_after != tip:
        raise BrokenError("the report names another commit than the ref")
    if outcome not in cell.way.ends:
        raise BrokenError(f"it ended as {outcome}: {report.why}")


@contextlib.contextmanager
def rig(folder: Path) -> Iterator[Trial]:
    with crash_town(folder) as town:
        yield Matrix(town).trial


SUBJECT = Subject(
    name="crash-matrix", requirement="R53", shards=SHARDS, cases=CASES, rig=rig,
    says="whatever dies, stops, fills up or answers late at whatever write: nothing usable, twice, half or lost",
    measures=(
        "src/magistrate/executor/**/*.py", "src/magistrate/gate/**/*", "src/magistrate/bootstrap/gate.py",
        "tests/soak/crash_*.py", "tests/world/crash_*.py",
    ),
    cells=tuple(cell.name for cell in CELLS),
)  # fmt: skip
