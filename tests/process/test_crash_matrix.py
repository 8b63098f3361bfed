"""A covering sample of the crash matrix, and two executors at once; the whole of it is `make soak ARGS=crash-matrix`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from soak.crash_cells import CELLS, INTENT, Cell, Point, covering
from soak.crash_matrix import CASES, Matrix, verify_dead
from soak.subject import chances
from world.crash_town import SECONDS, CrashTown, crash_town

from magistrate.domain.events import Event
from magistrate.executor.rows import JournalStep

BOTH = ("executor", "executor-b")
TAKING = Point(step=JournalStep.WARRANT_TAKEN, status=INTENT)


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    with crash_town(tmp_path_factory.mktemp("crash").resolve()) as town:
        yield Matrix(town)


@pytest.mark.slow
@pytest.mark.requirement("R51", "R53", "R56", "R62")
@pytest.mark.parametrize("cell", covering(), ids=lambda cell: cell.name.replace(" ", "-"))
def test_struck_at_a_write_nothing_is_usable_twice_half_or_lost(matrix: Matrix, cell: Cell) -> None:
    number = CELLS.index(cell)
    told = matrix.run(cell, chances("crash-matrix", number // CASES, number % CASES))
    assert told.startswith(f"{cell.name}: ")


@pytest.mark.slow
@pytest.mark.requirement("R56")
def test_a_second_executor_process_on_one_journal_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with crash_town(tmp_path.resolve()) as town:
        town.enter(healthy=True)
        first = town.start_executor((Point(step=Event.LEASE_HELD, status="done"),))
        assert first.at_point() is not None
        second = town.start_executor()
        second.process.join(SECONDS)
        assert second.process.exitcode == 4
        assert "MAG-E383" in (town.home / "executor.log").read_text()
        first.go_on()
        _await_over(town, "executor")
        assert len(town.moves()) == 1
        assert len(town.control.reports) == 1


@pytest.mark.slow
@pytest.mark.requirement("R56")
def test_of_two_executors_with_keys_of_their_own_only_the_named_one_takes_a_warrant(tmp_path: Path) -> None:
    """Control here gives every warrant to whoever asks, as one that is captured would."""
    with crash_town(tmp_path.resolve(), executors=BOTH) as town:
        town.control.offers_again = True
        town.enter(healthy=True)
        named = town.start_executor((TAKING,))
        other = town.start_executor(folder="executor-b", key="executor-b")
        assert named.at_point() is not None
        named.go_on()
        _await_over(town, "executor")
        time.sleep(1)
        assert other.alive()
        assert town.rows("select count(*) from executions", "executor-b") == [(0,)]
        assert town.rows("select outcome from executions") == [("succeeded",)]
        assert (len(town.moves()), len(town.control.reports), list(town.control.taken.values())) == (1, 1, [1])


@pytest.mark.slow
@pytest.mark.requirement("R56")
def test_one_key_in_two_homes_moves_a_ref_once(tmp_path: Path) -> None:
    """A copied executor: two journals that do not know of each other, and a control that serves both."""
    with crash_town(tmp_path.resolve()) as town:
        town.control.offers_again = True
        town.enter(healthy=True)
        minting = Point(step=Event.LEASE_REQUESTED, status=INTENT)
        both = [town.start_executor((minting,), folder=name, key="executor") for name in BOTH]
        assert None not in [child.at_point() for child in both]
        for child in both:
            child.go_on()
        for name in BOTH:
            _await_over(town, name)
        assert len(town.moves()) == 1, town.said()
        verify_dead(town)


def _await_over(town: CrashTown, folder: str) -> None:
    end = time.monotonic() + SECONDS
    while not town.over(folder):
        assert time.monotonic() < end, town.said()
        time.sleep(0.05)
