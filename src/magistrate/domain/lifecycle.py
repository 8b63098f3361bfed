"""The life of a case: one table, written by one writer (`usecases.transition`).

Rule kept: every path to EXECUTING passes SEALED, ASSESSED, CLEARED and WARRANTED, and
every case can end. `tests/properties` searches the table to prove it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from magistrate.errors import Refused


class CaseState(StrEnum):
    """Where a case stands."""

    SEALED = "SEALED"
    ASSESSING = "ASSESSING"
    ASSESSED = "ASSESSED"
    HELD = "HELD"
    REFUSED = "REFUSED"
    IN_REVIEW = "IN_REVIEW"
    CLEARED = "CLEARED"
    REJECTED = "REJECTED"
    WARRANTED = "WARRANTED"
    APPROVED_NOT_EXECUTED = "APPROVED_NOT_EXECUTED"
    CANARY_CLOSED = "CANARY_CLOSED"
    EXECUTING = "EXECUTING"
    FAILED = "FAILED"
    VERIFYING = "VERIFYING"
    SUCCEEDED = "SUCCEEDED"
    ROLLING_BACK = "ROLLING_BACK"
    ROLLED_BACK = "ROLLED_BACK"
    HALTED = "HALTED"
    IN_DOUBT = "IN_DOUBT"
    CLOSED = "CLOSED"
    WITHDRAWN = "WITHDRAWN"
    STALE = "STALE"
    EXPIRED = "EXPIRED"
    SUPERSEDED = "SUPERSEDED"


S = CaseState
_BEFORE_EXECUTION: Final = frozenset({S.SEALED, S.ASSESSING, S.ASSESSED, S.HELD, S.IN_REVIEW, S.CLEARED, S.WARRANTED})
_WITHOUT_EFFECT: Final = frozenset({S.WITHDRAWN, S.STALE, S.EXPIRED, S.SUPERSEDED})

_FORWARD: Final[dict[CaseState, frozenset[CaseState]]] = {
    S.SEALED: frozenset({S.ASSESSING}),
    S.ASSESSING: frozenset({S.ASSESSED, S.HELD}),
    S.ASSESSED: frozenset({S.HELD, S.REFUSED, S.IN_REVIEW, S.CLEARED}),
    S.HELD: frozenset({S.ASSESSING}),
    S.IN_REVIEW: frozenset({S.REJECTED, S.CLEARED, S.HELD}),
    S.CLEARED: frozenset({S.HELD, S.WARRANTED, S.APPROVED_NOT_EXECUTED, S.CANARY_CLOSED}),
    S.WARRANTED: frozenset({S.EXECUTING, S.IN_DOUBT, S.FAILED, S.CLEARED}),
    S.EXECUTING: frozenset({S.FAILED, S.VERIFYING, S.IN_DOUBT}),
    S.VERIFYING: frozenset({S.SUCCEEDED, S.ROLLING_BACK, S.IN_DOUBT}),
    S.ROLLING_BACK: frozenset({S.ROLLED_BACK, S.HALTED, S.IN_DOUBT}),
    S.IN_DOUBT: frozenset({S.SUCCEEDED, S.FAILED, S.ROLLED_BACK, S.HALTED}),
    S.HALTED: frozenset({S.CLOSED}),
}
"""CLEARED -> HELD: a later change by the same hands makes more of it than people agreed to (R31, R32).
WARRANTED -> FAILED: the executor refused the warrant at admission or its checks were red.
WARRANTED -> CLEARED: the warrant ended and nothing had begun; the agreement stands, and another warrant may be issued
once this one has lapsed (ADR 0026)."""

TRANSITIONS: Final[dict[CaseState, frozenset[CaseState]]] = {
    state: _FORWARD.get(state, frozenset()) | (_WITHOUT_EFFECT if state in _BEFORE_EXECUTION else frozenset())
    for state in CaseState
}
TERMINAL: Final = frozenset(state for state, nexts in TRANSITIONS.items() if not nexts)
OPEN: Final = frozenset(CaseState) - TERMINAL


def verify_transition(current: CaseState, target: CaseState) -> None:
    """Check one step of the table.

    Raises:
        Refused: MAG-E109 when the table has no such step.
    """
    if target not in TRANSITIONS[current]:
        raise Refused("MAG-E109", f"a case in `{current}` cannot become `{target}`")
