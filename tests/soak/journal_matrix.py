"""R53, R56, R62: the crash matrix with the executor's journal on a real PostgreSQL, cell by cell.

As `crash_matrix`: while the journal is not to be had nothing is done, every credential ends all the same, and the executor comes
back by itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from soak.crash_cells import Cell
from soak.crash_faults import DEEDS, Fault, Scene
from soak.crash_matrix import CASES, Matrix
from soak.journal_cells import CELLS
from soak.subject import Subject, Trial
from world.journal_town import JournalTown

from magistrate.executor.journal_place import SILENT_SECONDS

SHARDS = -(-len(CELLS) // CASES)
LONG_SHARE = 0.25
"""How often a server is silent for longer than the executor waits."""


def _town(scene: Scene) -> JournalTown:
    assert isinstance(scene.town, JournalTown)
    return scene.town


def _lasting(scene: Scene) -> None:
    long = scene.rng.random() < LONG_SHARE
    scene.lasting(*((SILENT_SECONDS + 1, SILENT_SECONDS + 2) if long else (0.2, 2.0)))


def _killed(scene: Scene) -> Iterator[None]:
    """Ends at once, and recovers from its own log at the next start."""
    _town(scene).server.crash()
    yield
    scene.lasting(0.0, 1.5)
    scene.healing = _town(scene).server.start


def _stopped(scene: Scene) -> Iterator[None]:
    _town(scene).stop_server()
    yield
    _lasting(scene)
    scene.healing = _town(scene).go_on_server


def _on_the_way(strike: Callable[[Scene], None]) -> Fault:
    def fault(scene: Scene) -> Iterator[None]:
        strike(scene)
        yield
        _lasting(scene)
        scene.healing = _town(scene).journal_wire.heal

    return fault


def _delay(scene: Scene) -> None:
    """Each piece of an answer comes late; by chance later than the executor waits for one."""
    _town(scene).journal_wire.delay = scene.rng.choice((0.1, 0.3, SILENT_SECONDS + 1.0))


def _cut(scene: Scene) -> None:
    _town(scene).journal_wire.die()


class Journals(Matrix):
    """Cases over a town whose journal is on a server."""

    cells: ClassVar[Sequence[Cell]] = CELLS
    deeds: ClassVar[Mapping[str, Fault]] = {
        **DEEDS, "journal killed": _killed, "journal stopped": _stopped, "journal slow": _on_the_way(_delay),
        "journal cut": _on_the_way(_cut),
    }  # fmt: skip


@contextlib.contextmanager
def journals(folder: Path) -> Iterator[Journals]:
    """Cases over a town in a folder."""
    town = JournalTown(folder)
    try:
        yield Journals(town)
    finally:
        town.close()


@contextlib.contextmanager
def rig(folder: Path) -> Iterator[Trial]:
    with journals(folder) as made:
        yield made.trial


SUBJECT = Subject(
    name="crash-journal", requirement="R53", shards=SHARDS, cases=CASES, rig=rig,
    says="the same of merges with the journal on PostgreSQL, whose server is killed, stopped, slow and cut off",
    measures=(
        "src/magistrate/executor/**/*.py", "src/magistrate/gate/**/*", "src/magistrate/bootstrap/gate.py",
        "tests/soak/journal_*.py", "tests/soak/crash_*.py", "tests/world/crash_*.py", "tests/world/journal_town.py",
    ),
    cells=tuple(cell.name for cell in CELLS),
)  # fmt: skip
