"""A covering sample of the crash matrix with the journal on PostgreSQL; the whole of it is `make soak ARGS=crash-journal`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from soak.crash_cells import Cell
from soak.crash_matrix import CASES
from soak.journal_cells import CELLS, covering
from soak.journal_matrix import Journals, journals
from soak.subject import chances

pytestmark = [
    pytest.mark.slow, pytest.mark.requirement("R53", "R56", "R62"), pytest.mark.xdist_group("crash-journal"),
]  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journals]:
    with journals(tmp_path_factory.mktemp("crash").resolve()) as found:
        yield found


@pytest.mark.parametrize("cell", covering(), ids=lambda cell: cell.name.replace(" ", "-"))
def test_whatever_befalls_the_journal_nothing_is_usable_twice_half_or_lost(made: Journals, cell: Cell) -> None:
    number = CELLS.index(cell)
    told = made.run(cell, chances("crash-journal", number // CASES, number % CASES))
    assert told.startswith(f"{cell.name}: ")
