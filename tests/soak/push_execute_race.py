"""R15: a push by another hand at a random step of an execution, over a real gate, executor and git.

One to three deeds of other hands at random steps of one execution (or beside the push itself), which
may also die at a step and start again. Whatever comes: the gate moved the ref only from the approved
base to the approved tree, and from there back by the rehearsed inverse; what another hand put there
stands; no credential is left; there is one report, and it says where the ref was.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from soak.race_hands import AT_ANY_TIME, WAYS, Hands, Move, parent_and_tree, verify_whole
from soak.race_town import RaceTown, race_town
from soak.subject import BrokenError, Subject, Trial
from world.executing import Killed

ROUNDS = 8
FSCK_SHARE = 0.05
PUSH_MILLISECONDS = 90


class Race:
    """Trials over one town. `courses` names the steps of an undisturbed execution, well or sick."""

    def __init__(self, town: RaceTown) -> None:
        self._town = town
        self._beside: threading.Thread | None = None
        self._courses = {healthy: self._course(healthy) for healthy in (True, False)}

    def trial(self, rng: random.Random) -> str:
        """One case: its kind and how the execution ended."""
        town, healthy = self._town, rng.random() < 0.6
        town.enter(healthy=healthy)
        hands = Hands(town, rng)
        try:
            kind = self._plan(hands, rng, self._courses[healthy])
            self._live_through()
            hands.drain()
            word = verify_end(town, hands)
            if rng.random() < FSCK_SHARE:
                hands_fsck(town)
            return f"{kind}: {word}"
        finally:
            town.leave()

    def _course(self, healthy: bool) -> list[str]:
        town = self._town
        town.enter(healthy=healthy)
        try:
            loop = town.executor()
            loop.tick()
            wanted = "succeeded" if healthy else "rolled_back"
            if town.control.outcomes != [wanted]:
                raise BrokenError(f"undisturbed it ended as {town.control.outcomes}: {town.alarms.told}")
            return town.steps.names[: town.steps.names.index("after entry execution.ended") + 1]
        finally:
            town.leave()

    def _plan(self, hands: Hands, rng: random.Random, course: list[str]) -> str:
        """Who acts when; the kind of the case in words."""
        steps, town = self._town.steps, self._town
        self._beside = None
        deeds = [rng.choice(tuple(WAYS)) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
        if rng.random() < 0.25:
            way, delay = rng.choice(AT_ANY_TIME), rng.uniform(0, PUSH_MILLISECONDS) / 1000

            def act() -> None:
                time.sleep(delay)
                hands.act(way)

            self._beside = threading.Thread(target=act, daemon=True)
            steps.beside[1 if town.healthy else rng.choice((1, 2))] = self._beside.start
            return "beside the push"
        for way in deeds:
            steps.deeds[some_step(course, rng)] = lambda way=way: hands.act(way)  # type: ignore[misc]
        if rng.random() < 0.3:
            steps.deadly = some_step(course, rng)
            return "at a step, with a crash"
        return "at a step"

    def _live_through(self) -> None:
        """Tick until everything is told; an executor that died is started again."""
        town = self._town
        for _ in range(ROUNDS):
            try:
                loop = town.executor()
                for _ in range(ROUNDS):
                    loop.tick()
                    if self._over():
                        break
            except Killed:
                continue
            if self._over():
                break
        if self._beside is not None and self._beside.ident is not None:
            self._beside.join()

    def _over(self) -> bool:
        town = self._town
        return bool(town.control.reports) and not town.book.open_leases() and not town.book.open_executions()


def some_step(course: list[str], rng: random.Random) -> int:
    """A step by its number (from 1), or by its name, so that what happens once is as likely as what happens often."""
    if rng.random() < 0.5:
        return rng.randint(1, len(course))
    name = rng.choice(sorted(set(course)))
    return rng.choice([number for number, step in enumerate(course, 1) if step == name])


def verify_end(town: RaceTown, hands: Hands) -> str:
    """Hold everything that must hold at the end of a case; the word for the outcome. Raises BrokenError."""
    moves, tip = hands.moves, town.tip()
    verify_whole(moves, town.old, tip)
    rows = town.book._rows.execute("select commit_id, inverse, outcome from executions").fetchall()
    if len(rows) != 1 or len(town.control.reports) != 1:
        raise BrokenError(f"{len(rows)} executions, {len(town.control.reports)} reports")
    commit, inverse, outcome = rows[0]
    _verify_ours(town, moves, commit or "", inverse or "")
    _verify_no_credential(town)
    (report,) = town.control.reports.values()
    if report["outcome"] != outcome or report["leases_open"] != 0:
        raise BrokenError("the report says something else than the journal")
    _verify_outcome(town, hands, str(outcome), report["ref_after"], (commit or "", inverse or ""))
    landed = any(not move.foreign for move in moves)
    return f"{outcome}, undone by another hand" if outcome == "failed" and landed else str(outcome)


def _verify_ours(town: RaceTown, moves: list[Move], commit: str, inverse: str) -> None:
    """0 executions of an unassessed tree, 0 forced undo: only base to approved, and from there back."""
    ours = [(move.before, move.after) for move in moves if not move.foreign]
    if any(pair not in {(town.old, commit), (commit, inverse)} for pair in ours) or len(set(ours)) != len(ours):
        raise BrokenError(f"the gate moved the ref by {[(a[:8], b[:8]) for a, b in ours]}")
    for after, wanted in ((commit, (town.old, town.result_tree)), (inverse, (commit, town.base_tree))):
        if any(pair[1] == after for pair in ours) and parent_and_tree(town.bare, after) != wanted:
            raise BrokenError(f"`{after[:12]}` holds a tree that was not assessed, or stands on another parent")


def _verify_no_credential(town: RaceTown) -> None:
    if town.outside is None:
        raise BrokenError("no executor is left")
    usable = [lease.lease for lease in town.outside.broker.leases() if lease.usable]
    if usable or town.book.open_leases() or town.book.open_executions():
        raise BrokenError(f"something is left open: {usable}")
    told = sorted(body["sequence"] for body in town.control.steps.values())
    if told != list(range(1, len(told) + 1)):
        raise BrokenError("control was not told every step, or one twice")


def _verify_outcome(town: RaceTown, hands: Hands, outcome: str, after: str, made: tuple[str, str]) -> None:
    commit, inverse = made
    ours = [move.after for move in hands.moves if not move.foreign]
    steps = {body["step"] for body in town.control.steps.values()}
    undone = any(move.foreign and move.before == commit for move in hands.moves) and "effect.done" not in steps
    allowed = {
        "succeeded": town.healthy and ours == [commit] and after == commit,
        "rolled_back": not town.healthy and ours == [commit, inverse] and after == inverse,
        "refused": not ours,
        "failed": after == town.old and (not ours or undone),
        "halted": any(move.foreign for move in hands.moves),
    }
    if not allowed.get(outcome, False):
        raise BrokenError(f"ended as {outcome} at `{after[:12]}` after {hands.did}: {town.alarms.told[-2:]}")
    watched = [tip.tip for tip in town.book.tips()]
    if set(watched) - {town.old, commit, inverse}:
        raise BrokenError("what another hand put there is watched as if it were ours")
    disturbed = any(move.foreign for move in hands.moves) or "execution.resumed" in steps
    if not disturbed and outcome not in {"succeeded", "rolled_back"}:
        raise BrokenError(f"nobody disturbed it, and it ended as {outcome}")


def hands_fsck(town: RaceTown) -> None:
    from world.real_gate import git

    git(town.bare, "fsck", "--strict", "--no-dangling")


@contextmanager
def rig(folder: Path) -> Iterator[Trial]:
    with race_town(folder) as town:
        yield Race(town).trial


SUBJECT = Subject(
    name="push-execute-race", requirement="R15", shards=20, cases=50, rig=rig,
    says="whoever moves the ref at whatever step of an execution: no unassessed tree, no undone foreign commit",
    measures=(
        "src/magistrate/executor/**/*.py", "src/magistrate/gate/**/*", "tests/soak/push_execute_race.py",
        "tests/soak/race_hands.py", "tests/soak/race_town.py",
    ),
    must_see=(
        "at a step: succeeded", "at a step: rolled_back", "at a step: refused", "at a step: halted",
        "at a step, with a crash: halted", "beside the push: halted", "beside the push: succeeded",
    ),
)  # fmt: skip
