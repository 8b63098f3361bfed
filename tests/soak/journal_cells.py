"""The crash matrix of a journal on PostgreSQL: each write of a merge, times what befalls the server of the journal and the rest.

Every write meets every fault, before it or after it in turn. What is the same whatever keeps the journal (clocks, the gate's own
disk) is struck with a journal in a file (`crash_cells`).
"""

from __future__ import annotations

from typing import Final

from soak.crash_cells import MOMENTS, WAYS, Cell, Point

LOST: Final = ("journal killed", "journal stopped", "journal slow", "journal cut")
FAULTS: Final = ("kill executor", "stop executor", "kill gate", "dead provider", *LOST)
CELLS: Final = tuple(
    Cell(way=way, point=Point(step=step, status=status, occurrence=nth, moment=MOMENTS[(at + number) % 2]), fault=fault)
    for number, (way, (step, status, nth)) in enumerate((way, write) for way in WAYS for write in way.writes)
    for at, fault in enumerate(FAULTS)
)


def covering() -> tuple[Cell, ...]:
    """The sample of the normal suite: what befalls the journal, at four writes each; the rest once."""
    chosen = [cell for cell in CELLS if cell.fault in LOST and cell.way.name in {"effect", "rollback"}]
    others = [cell for cell in CELLS if cell.fault not in LOST]
    return (*chosen[1::13], *others[5::29])
