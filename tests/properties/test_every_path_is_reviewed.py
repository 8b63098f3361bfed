"""A search over the life of a case: what every path to execution passes, and that all can end."""

from itertools import pairwise

import pytest

from magistrate.domain.lifecycle import OPEN, TERMINAL, TRANSITIONS, CaseState, verify_transition
from magistrate.errors import Refused
from magistrate.usecases.transition import route

S = CaseState


def paths(start, goal):
    """Every path without repetition from one state to another."""
    todo: list[tuple[CaseState, ...]] = [(start,)]
    while todo:
        path = todo.pop()
        if path[-1] is goal:
            yield path
            continue
        todo += [(*path, n) for n in TRANSITIONS[path[-1]] if n not in path]


@pytest.mark.requirement("R37")
def test_every_path_to_execution_passes_all_gates():
    found = list(paths(S.SEALED, S.EXECUTING))
    assert found
    for path in found:
        gates = [path.index(s) for s in (S.SEALED, S.ASSESSED, S.CLEARED, S.WARRANTED, S.EXECUTING)]
        assert gates == sorted(gates)


@pytest.mark.requirement("R37")
def test_an_effect_is_never_reported_without_a_warrant():
    for goal in (S.SUCCEEDED, S.ROLLED_BACK, S.HALTED, S.FAILED, S.IN_DOUBT):
        for path in paths(S.SEALED, goal):
            assert S.WARRANTED in path
            assert S.CLEARED in path


def test_everything_can_end_and_what_ended_stays_so():
    for state in OPEN:
        seen, todo = set(), [state]
        while todo:
            here = todo.pop()
            if here not in seen:
                seen.add(here)
                todo += TRANSITIONS[here]
        assert seen & TERMINAL
    for state in TERMINAL:
        for target in CaseState:
            with pytest.raises(Refused, match=r"cannot become"):
                verify_transition(state, target)


@pytest.mark.requirement("R37")
def test_routes_are_steps_of_the_table_and_never_skip_a_gate():
    for start in CaseState:
        for goal in CaseState:
            try:
                way = (start, *route(start, goal))
            except Refused:
                continue
            for before, after in pairwise(way):
                verify_transition(before, after)
            assert S.IN_DOUBT not in way[1:-1]
    with pytest.raises(Refused):
        route(S.REJECTED, S.CLEARED)
