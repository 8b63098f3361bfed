"""Whatever port fails at whatever call, or wherever the process dies: no credential lives on, no effect is doubled.

Exhaustive: every call of every port in an execution, with an execution that succeeds and one that rolls back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from world.admissible import OLD
from world.executing import Killed, World

from magistrate.errors import Refused, Unavailable
from magistrate.executor.casebook import Casebook
from magistrate.executor.journal import Journal

MODES = ("unavailable before", "unavailable after", "refused before", "killed before", "killed after")
PORTS = ("broker", "target", "inbox", "checks", "live", "assessor")


class Fate:
    """Counts calls of ports and journal writes; strikes at one of them; a dead process does nothing more."""

    def __init__(self, strike: int, mode: str) -> None:
        self.strike, self.mode, self.calls, self.dead = strike, mode, 0, False

    def call(self, method: Any, *arguments: Any) -> Any:
        if self.dead:
            raise Killed
        self.calls += 1
        struck = self.calls == self.strike
        if struck and self.mode == "unavailable before":
            raise Unavailable("MAG-E395", "struck")
        if struck and self.mode == "refused before":
            raise Refused("MAG-E332", "struck")
        if struck and self.mode == "killed before":
            self.dead = True
            raise Killed
        result = method(*arguments)
        if struck and self.mode == "unavailable after":
            raise Unavailable("MAG-E395", "struck")
        if struck and self.mode == "killed after":
            self.dead = True
            raise Killed
        return result


class Struck:
    """A port whose calls are subject to fate."""

    def __init__(self, port: Any, fate: Fate) -> None:
        self._port, self._fate = port, fate

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        return lambda *arguments: self._fate.call(method, *arguments)


def struck_journal(fate: Fate) -> type[Journal]:
    class StruckJournal(Journal):
        def write(self, *arguments: Any) -> Any:
            return fate.call(super().write, *arguments)

        def mark_sent(self, sequence: int) -> None:
            if fate.dead:
                raise Killed
            super().mark_sent(sequence)

    return StruckJournal


def live_through(home: Path, strike: int, mode: str, *, healthy: bool) -> tuple[World, Fate]:
    """One execution struck once, then restarted without faults until nothing is left to do."""
    world, fate = World(home), Fate(strike, mode)
    world.eyes.live = lambda commit: healthy
    outside = world.outside()
    world.executor()
    struck = {name: Struck(getattr(outside, name), fate) for name in PORTS}
    try:
        loop = world.executor(journal=struck_journal(fate), **struck)
        loop.tick()
        loop.tick()
    except Killed:
        fate.dead = True
    loop = world.executor()
    for _ in range(4):
        loop.tick()
    return world, fate


def verify_sound(world: World, *, healthy: bool) -> None:
    assert not world.gate.usable()
    assert world.journal is not None
    book = Casebook(world.journal)
    assert not book.open_leases()
    assert not book.open_executions()
    assert all(state == "requested" for _, state in world.gate.rows_at_mint)
    assert all(count == 1 for count in world.gate.moves.values())
    outcomes = world.control.outcomes
    assert len(outcomes) <= 1
    if world.control.taken:
        assert len(outcomes) == 1
    for outcome in outcomes:
        if outcome in {"refused", "failed"}:
            assert world.tip() == OLD
        elif outcome == "succeeded":
            assert healthy
            assert world.tip() == world.commit()
        elif outcome == "rolled_back":
            assert world.tip() == world.inverse()
        else:
            assert (outcome, healthy, world.tip()) == ("halted", False, world.commit())


@pytest.mark.slow
@pytest.mark.requirement("R53", "R56", "R58")
@pytest.mark.parametrize("healthy", [True, False])
@pytest.mark.parametrize("mode", MODES)
def test_no_failure_leaves_a_credential_a_double_or_a_half_effect(tmp_path: Path, mode: str, healthy: bool) -> None:
    strike, outcomes = 1, set()
    while True:
        world, fate = live_through(tmp_path / str(strike), strike, mode, healthy=healthy)
        verify_sound(world, healthy=healthy)
        outcomes |= set(world.control.outcomes)
        world.open().close()
        world.journal = None
        if fate.calls < strike:
            break
        strike += 1
    assert strike > 30
    assert ("succeeded" if healthy else "rolled_back") in outcomes
