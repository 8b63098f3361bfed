"""From a lease that is held to a credential that is dead and probed, through the real gate on local git.

The peer is the bare push of the same commit to a plain local repository: a ratio of one run.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]

from measured import spread  # noqa: E402
from world.real_gate import MAIN, Town, git, outside_of, town_with_gate  # noqa: E402

from magistrate.domain.execution import LeasePurpose  # noqa: E402
from magistrate.executor.assembly import Outside  # noqa: E402
from magistrate.executor.casebook import Casebook  # noqa: E402
from magistrate.executor.hands import Act, Hands  # noqa: E402
from magistrate.executor.journal import Journal  # noqa: E402
from magistrate.executor.mints import Mints  # noqa: E402
from magistrate.executor.ports import CommitSpec  # noqa: E402
from magistrate.wire.drill import DrillOrder  # noqa: E402

RUNS = 20
MEASURES = (
    "src/magistrate/executor/hands.py", "src/magistrate/executor/casebook.py", "src/magistrate/executor/journal.py",
    "src/magistrate/executor/actions/merge.py", "src/magistrate/executor/credentials/git_gate.py",
    "src/magistrate/gate/**/*",
)  # fmt: skip


def main() -> dict[str, Any]:
    """Milliseconds: mint to dead, held to dead, revoke and probe alone; the peer's push."""
    minted, held, revoked, peer = [], [], [], []
    with (
        tempfile.TemporaryDirectory() as made,
        town_with_gate(Path(made) / "home") as town,
        _open(town) as (outside, hands, book),
    ):
        body = DrillOrder(person="anna", repository="shop", environment="staging", scratch="drill-bench")
        order = town.case.town.by_person("anna", body, "dro", lifetime=3600)
        tip = outside.drill_ground.prepare_scratch(order)
        outside.target.prepare("drill-bench", MAIN, tip)
        own = town.home / "executor" / "work" / "drill-bench.git"
        tree = git(own, "rev-parse", f"{tip}^{{tree}}").strip()
        plain = Path(made) / "plain.git"
        subprocess.run(["git", "clone", "-q", "--bare", str(own), str(plain)], check=True, capture_output=True)
        for run in range(RUNS):
            spec = CommitSpec(tree=tree, parent=tip, message=f"run {run}\n", at=int(time.time()))
            new = outside.target.commit("drill-bench", spec)
            act = Act(
                execution="executor", warrant_digest=order.payload_digest(), proposal=order.payload_digest(),
                purpose=LeasePurpose.DRILL, repository="drill-bench", ref=MAIN, old=tip, new=new, tree=tree,
                reason="a measurement", mint=lambda lease: outside.drill_ground.request_drill(order, lease),
            )  # fmt: skip
            began = time.perf_counter()
            with hands.lease(act) as credential:
                has = time.perf_counter()
                outside.target.push(credential, "drill-bench", MAIN, new)
                pushed = time.perf_counter()
            dead = time.perf_counter()
            minted.append((dead - began) * 1000)
            held.append((dead - has) * 1000)
            revoked.append((dead - pushed) * 1000)
            tip = new
            began = time.perf_counter()
            git(own, "push", "-q", str(plain), f"{new}:refs/heads/main")
            peer.append((time.perf_counter() - began) * 1000)
        if book.open_leases():
            raise AssertionError("a lease is still open")
    return {
        "mint_to_dead_ms": spread(minted), "held_to_dead_ms": spread(held), "revoke_and_probe_ms": spread(revoked),
        "peer_push_ms": spread(peer), "ratio_of_medians": round(statistics.median(held) / statistics.median(peer), 2),
    }  # fmt: skip


@contextmanager
def _open(town: Town) -> Iterator[tuple[Outside, Hands, Casebook]]:
    outside = outside_of(town.home)
    journal = Journal(town.home / "executor" / "journal.db", outside.identity, outside.clock)
    book = Casebook(journal)
    hands = Hands(
        book=book, identity=outside.identity, mints=Mints(outside.broker, {}), clock=outside.clock, alarm=outside.alarm
    )
    try:
        yield outside, hands, book
    finally:
        journal.close()
        outside.close()


if __name__ == "__main__":
    print(json.dumps(main()))
