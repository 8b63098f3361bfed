"""From a failing look at what runs to the state before, restored, recorded and its credential dead: the way back (R58).

A real executor's round over the real gate: a change lands, its live probe fails, one more commit takes it back. The peer is the
bare push of such a commit to a plain local repository: a ratio of one run.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]

from measured import spread  # noqa: E402
from world.real_gate import FolderControl, Town, git, outside_of, town_with_gate  # noqa: E402

from magistrate.executor.assembly import assemble  # noqa: E402
from magistrate.executor.journal import Journal  # noqa: E402
from magistrate.executor.live import HttpLook  # noqa: E402
from magistrate.executor.ports import Seen  # noqa: E402
from magistrate.wire.policy_bundle import HttpProbe  # noqa: E402

RUNS = 12
MEASURES = (
    "src/magistrate/executor/saga.py", "src/magistrate/executor/verification.py", "src/magistrate/executor/hands.py",
    "src/magistrate/executor/journal*.py", "src/magistrate/executor/actions/*.py", "src/magistrate/gate/**/*",
)  # fmt: skip


class TimedLook(HttpLook):
    """When the first look failed, and when the last one did: policy says how long it is looked again."""

    def __init__(self) -> None:
        self.first = self.last = 0.0

    def look(self, probe: HttpProbe, commit: str) -> Seen:
        """As the executor looks; a failing look is remembered."""
        seen = super().look(probe, commit)
        if not seen.held:
            self.last = time.perf_counter()
            self.first = self.first or self.last
        return seen


def main() -> dict[str, Any]:
    """Milliseconds from the last failing look, and from the first, to the end; the peer's push."""
    decided, seen, peer = [], [], []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as made, town_with_gate(Path(made) / "home", healthy=False) as town:
            after_last, after_first = _taken_back(town)
            decided.append(after_last)
            seen.append(after_first)
            peer.append(_pushed(town, Path(made) / "plain.git"))
    return {
        "failed_look_to_restored_ms": spread(decided), "first_failed_look_to_restored_ms": spread(seen),
        "peer_push_ms": spread(peer), "ratio_of_medians": round(statistics.median(decided) / statistics.median(peer), 2),
        "looks": "the probe of this case may fail for 1 s before it counts",
    }  # fmt: skip


def _taken_back(town: Town) -> tuple[float, float]:
    """One case through its way back; milliseconds from the last and from the first failing look."""
    live = TimedLook()
    outside = outside_of(town.home, live=live, watch_seconds=3600.0)
    journal = Journal(town.home / "executor" / "journal.db", outside.identity, outside.clock)
    try:
        assemble(outside, journal).tick()
        ended = time.perf_counter()
        (report,) = FolderControl(town.home).told("reports")
        usable = [lease for lease in outside.broker.leases() if lease.usable]
    finally:
        journal.close()
        outside.close()
    if report["outcome"] != "rolled_back" or town.tree(town.tip()) != town.base_tree or usable:
        raise AssertionError(f"not taken back: {report}")
    return (ended - live.last) * 1000, (ended - live.first) * 1000


def _pushed(town: Town, plain: Path) -> float:
    """Milliseconds of the same move without any of it: the commit that takes back, pushed to a plain repository."""
    inverse = town.tip()
    argv = ["git", "clone", "-q", "--bare", str(town.bare), str(plain)]
    subprocess.run(argv, check=True, capture_output=True)
    git(plain, "update-ref", "refs/heads/main", f"{inverse}^")
    began = time.perf_counter()
    git(town.bare, "push", "-q", str(plain), f"{inverse}:refs/heads/main")
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    print(json.dumps(main()))
