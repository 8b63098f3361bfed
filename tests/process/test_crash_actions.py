"""A covering sample of the crash matrix of the other actions; the whole of it is `make soak ARGS=crash-actions`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from soak.action_cells import CELLS, covering
from soak.action_matrix import Actions, actions
from soak.crash_cells import Cell
from soak.crash_matrix import CASES
from soak.subject import chances

pytestmark = [
    pytest.mark.slow, pytest.mark.requirement("R5", "R30", "R53", "R54", "R56", "R62"), pytest.mark.xdist_group("crash-actions"),
]  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Actions]:
    with actions(tmp_path_factory.mktemp("crash").resolve()) as found:
        yield found


@pytest.mark.parametrize("cell", covering(), ids=lambda cell: cell.name.replace(" ", "-"))
def test_struck_at_a_write_an_action_is_whole_or_undone_or_told(made: Actions, cell: Cell) -> None:
    number = CELLS.index(cell)
    told = made.run(cell, chances("crash-actions", number // CASES, number % CASES))
    assert told.startswith(f"{cell.name}: ")
