"""R5, R53, R54, R56, R62: the crash matrix of releases, deployments, changes of entitlements and rotations, cell by cell.

As `crash_matrix`, and beside the ref of the stage: the database gives away what the ref records, or what it gave before; no role of
a lease is left; and whoever uses a secret is let in, whatever became of its rotation.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from soak.action_cells import CELLS
from soak.crash_cells import Cell
from soak.crash_matrix import CASES, Matrix, verify_end
from soak.subject import BrokenError, Chances, Subject, Trial
from world.action_town import ActionTown
from world.crash_processes import Place, world_of
from world.crash_town import crash_town
from world.system_town import AFTER, BEFORE

from magistrate.domain.entitlements import text_of
from magistrate.executor.entitlements import System

SHARDS = -(-len(CELLS) // CASES)


class Releases(Matrix):
    """Cases of releases, over the town of merges."""

    cells: ClassVar[Sequence[Cell]] = CELLS

    def enter(self, cell: Cell) -> None:
        """A fresh case for the first release of the branch."""
        self._town.enter(healthy=cell.way.healthy, releases=True)


class Stages(Matrix):
    """Cases of what a stage brings."""

    cells: ClassVar[Sequence[Cell]] = CELLS

    def __init__(self, town: ActionTown) -> None:
        super().__init__(town)
        self._stages = town
        self._there: frozenset[str] = frozenset()
        self._minted: frozenset[str] = frozenset()

    def enter(self, cell: Cell) -> None:
        """A fresh case for the stage of the cell."""
        self._stages.bring(cell.way.stage, healthy=cell.way.healthy)

    def struck(self) -> None:
        """Remember whose leases there are: whoever goes on later has others made."""
        self._there = frozenset(self._stages.shop.roles())
        self._minted = frozenset(self._stages.certificates())

    def verify_dead(self) -> None:
        """As of a merge; and nothing that was there opens the database or a target by now (raises BrokenError)."""
        super().verify_dead()
        alive = self._there & set(self._stages.alive())
        if alive:
            raise BrokenError(f"roles can log in after the end of their lease: {sorted(alive)}")
        self._verify_refused(self._minted)

    def verify_end(self, cell: Cell, foreign: str) -> tuple[str, list[int]]:
        """As of a merge, and what stands beside the ref agrees with it (raises BrokenError)."""
        found = verify_end(self._stages, cell, foreign)
        left = self._stages.shop.roles()
        if left:
            raise BrokenError(f"roles are left: {left}")
        self._verify_refused(self._stages.certificates())
        for name, host in self._stages.hosts.items():
            if host.town.pids():
                raise BrokenError(f"something that a lease started still runs at {name}: {sorted(host.town.pids())}")
        if cell.way.stage == "site":
            self._verify_runs(found[0])
        elif cell.way.stage == "orders":
            self._verify_given(found[0])
        elif cell.way.stage == "password":
            self._verify_let_in(found[0])
        return found

    def _verify_refused(self, certificates: Iterable[str]) -> None:
        """No certificate is honoured by a target, with the key that belongs to it."""
        for certificate in certificates:
            for name, host in self._stages.hosts.items():
                if host.lets_in(certificate):
                    raise BrokenError(f"a certificate opens {name} after the end of its lease")

    def _verify_runs(self, outcome: str) -> None:
        """The target runs the one that the outcome says, whole, and was brought the new one once at most."""
        running, brought = self._stages.running.read_text(), self._stages.runs()
        wanted = {"succeeded": {AFTER}, "halted": {BEFORE, AFTER}}.get(outcome, {BEFORE})
        if running not in wanted:
            raise BrokenError(f"{outcome}, and the target runs {running!r}")
        if brought.count(AFTER) > 1:
            raise BrokenError(f"the target was brought the same twice: {brought}")

    def _verify_given(self, outcome: str) -> None:
        """The database is at the state before or after, and at the one that the outcome says."""
        place = Place(
            home=self._stages.home,
            gate_port=self._stages.inner_port,
            control_port=self._stages.control.port,
            systems=True,
        )
        outside = world_of(place)
        try:
            system: System = outside.systems["orders-db"]
            given = text_of(system.read())
        finally:
            outside.close()
        wanted = {"succeeded": {AFTER}, "halted": {BEFORE, AFTER}}.get(outcome, {BEFORE})
        if given not in wanted:
            raise BrokenError(f"{outcome}, and the database gives away {given!r}")
        if outcome != "halted" and self._stages.system.recorded() != given:
            raise BrokenError(f"the ref records something else than the database gives away: {given!r}")

    def _verify_let_in(self, outcome: str) -> None:
        """Nobody is locked out; once it is over the former login is dead, and where nothing was rotated it alone lives."""
        if not self._stages.system.consumer_is_let_in():
            raise BrokenError(f"{outcome}, and the consumer is locked out")
        logins = self._stages.logins()
        wanted = {"succeeded": [{"app_b"}], "halted": [{"app_a"}, {"app_b"}, {"app_a", "app_b"}]}.get(
            outcome, [{"app_a"}]
        )
        if logins not in wanted:
            raise BrokenError(f"{outcome}, and the database lets in {sorted(logins)}")


class Actions:
    """Both towns; one that no case asks for is never made."""

    def __init__(self, folder: Path, closing: contextlib.ExitStack) -> None:
        self._folder, self._closing = folder, closing
        self._made: dict[bool, Matrix] = {}

    def trial(self, rng: Chances) -> str:
        """The cell of this case; how it ended."""
        return self.run(CELLS[(rng.shard * CASES + rng.case) % len(CELLS)], rng)

    def run(self, cell: Cell, rng: Chances) -> str:
        """One execution through one cell; raises BrokenError."""
        releases = cell.way.releases
        if releases not in self._made:
            self._made[releases] = self._releases() if releases else self._stages()
        return self._made[releases].run(cell, rng)

    def _releases(self) -> Matrix:
        return Releases(self._closing.enter_context(crash_town(self._folder / "releases")))

    def _stages(self) -> Matrix:
        town = ActionTown(self._folder / "stages")
        self._closing.callback(town.close)
        return Stages(town)


@contextlib.contextmanager
def actions(folder: Path) -> Iterator[Actions]:
    """Cases over towns in a folder."""
    with contextlib.ExitStack() as closing:
        yield Actions(folder, closing)


@contextlib.contextmanager
def rig(folder: Path) -> Iterator[Trial]:
    with actions(folder) as made:
        yield made.trial


SUBJECT = Subject(
    name="crash-actions", requirement="R53", shards=SHARDS, cases=CASES, rig=rig,
    says="the same of releases, deployments, changes of entitlements and rotations, and nobody is locked out",
    measures=(
        "src/magistrate/executor/**/*.py", "src/magistrate/gate/**/*", "src/magistrate/bootstrap/gate.py",
        "tests/soak/action_*.py", "tests/soak/crash_*.py", "tests/world/crash_*.py", "tests/world/action_town.py",
        "tests/world/system_town.py",
    ),
    cells=tuple(cell.name for cell in CELLS),
)  # fmt: skip
