"""R15 with all processes real: agent, people, control, gate, executor and witness of one deployment.

Another hand moves the ref at a random moment from just before the approval until after the merge.
Every commit on the ref is then its own, or exactly the assessed tree on the assessed base.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from soak.race_hands import Hands, Move, parent_and_tree, verify_whole
from soak.subject import BrokenError, Subject, Trial
from world.real_gate import MAIN
from world.running import ENDED, Town, running_below, until

CASES = 10
WAYS = ("on top", "on top", "push", "push", "same tree", "there and back", "back to old", "elsewhere")
LATEST_SECONDS = 4.0
FILES = {f"shop/part{n}.py": f'"""Part {n}."""\n\nimport json\nimport sys\n\nprint(sys.argv)\n' for n in range(CASES)}
WITH_OURS = {"SUCCEEDED": 1, "ROLLED_BACK": 2}
WITHOUT_OURS = {"STALE", "REFUSED", "APPROVED_NOT_EXECUTED", "EXPIRED"}


class Ground:
    """The gate's repository of a running town, with one case on it."""

    def __init__(self, town: Town, facts: dict[str, Any]) -> None:
        self.bare, self._town = town.bare, town
        self.old, self.result_tree = str(facts["base"]), str(facts["result_tree"])

    def tip(self) -> str:
        return self._town.git("rev-parse", "--verify", "--quiet", MAIN, check=False)


class Race:
    """Cases one after the other in one town; each has a file of its own to mend."""

    def __init__(self, town: Town) -> None:
        self._town, self._next = town, 0
        town.git("config", "core.logAllRefUpdates", "always")

    def trial(self, rng: random.Random) -> str:
        """One case: when the other hand came, and how the case ended."""
        town, path = self._town, f"shop/part{self._next % CASES}.py"
        self._next += 1
        until(lambda: town.rows("select tip from repository_state") == [(town.tip(),)], 30)
        session = town.session(path)
        proposal = town.propose(session, {path: lambda text: text.replace("import json\n", "")})
        facts = next(event["facts"] for event in town.story(proposal) if event["event"] == "proposal.sealed")
        ground = Ground(town, facts)
        hands, start = Hands(ground, rng), ground.tip()
        way, delay = rng.choice(WAYS), rng.uniform(0, LATEST_SECONDS)

        def act() -> None:
            time.sleep(delay)
            hands.act(way)

        other = threading.Thread(target=act)
        other.start()
        town.approve(proposal, status=None)
        other.join()
        state = str(town.until(proposal, ENDED | WITHOUT_OURS, 90)["state"])
        hands.drain()
        verify_whole(hands.moves, start, ground.tip())
        verify_ours(ground, hands.moves, state)
        live = town("leases", "--live")
        if live:
            raise BrokenError(f"a credential is left: {live[:200]}")
        return state.lower()


def verify_ours(ground: Ground, moves: list[Move], state: str) -> None:
    """The gate moved the ref only by what was assessed, and as often as the state says; raises BrokenError."""
    ours = [move for move in moves if not move.foreign]
    at, tree = ground.old, ground.result_tree
    for move in ours:
        if move.before != at or parent_and_tree(ground.bare, move.after) != (at, tree):
            raise BrokenError(f"the gate moved the ref from `{move.before[:12]}` to `{move.after[:12]}`, not assessed")
        at, tree = move.after, parent_and_tree(ground.bare, ground.old)[1]
    if state in WITHOUT_OURS and ours:
        raise BrokenError(f"the case ended as {state}, and the gate moved the ref")
    if state in WITH_OURS and len(ours) != WITH_OURS[state]:
        raise BrokenError(f"the case ended as {state} after {len(ours)} moves of the gate")
    if state == "FAILED" and ours and not any(move.foreign and move.before == ours[-1].after for move in moves):
        raise BrokenError("the case ended as FAILED, and what the gate put there stands")
    if state == "HALTED" and not any(move.foreign for move in moves):
        raise BrokenError("nobody else was there, and the case was halted")


@contextmanager
def rig(folder: Path) -> Iterator[Trial]:
    del folder
    with running_below("soak", FILES) as town:
        yield Race(town).trial


SUBJECT = Subject(
    name="race-of-processes", requirement="R15", shards=5, cases=CASES, rig=rig,
    says="the same race with the whole deployment in processes of its own, from the approval to the merge",
    measures=(
        "src/magistrate/executor/**/*.py", "src/magistrate/gate/**/*", "src/magistrate/usecases/settle.py",
        "src/magistrate/usecases/stale.py", "src/magistrate/usecases/warrant.py", "tests/soak/race_of_processes.py",
        "tests/soak/race_hands.py",
    ),
    must_see=("succeeded", "stale"),
)  # fmt: skip
