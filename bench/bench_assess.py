"""Assess per commit against a peer that only lists the change and parses: a ratio of one run."""

from __future__ import annotations

import ast
import contextlib
import json
import resource
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

from magistrate.bootstrap.assess import reader
from magistrate.judge import answer
from magistrate.usecases.assess import case_of

ROOT = Path(__file__).resolve().parent.parent
COMMITS = 30
KILOBYTES_OF_A_MB = 1024
"""Linux gives the peak of a process in kilobytes."""
MEASURES = ("src/magistrate/impact/**/*.py", "src/magistrate/judge.py", "src/magistrate/domain/impact.py")


def main() -> dict[str, Any]:
    """Milliseconds per commit (warm, static, in process) and the peer's; the peak of memory of both in one process."""
    git = reader(ROOT)
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "rev-list", "--no-merges", f"-{COMMITS}", "HEAD"],
        capture_output=True,
        text=True,
        check=True,
    )
    ours, peer = [], []
    for commit in listed.stdout.split():
        parents = git.parents(commit)
        if not parents:
            continue
        started = time.perf_counter()
        changes = git.changes(git.tree_of(parents[0]), git.tree_of(commit))
        answer(json.dumps({"v": 1, "mode": "assess", "case": case_of(changes, "")}).encode())
        ours.append((time.perf_counter() - started) * 1000)
        started = time.perf_counter()
        subprocess.run(["git", "-C", str(ROOT), "diff-tree", "-r", parents[0], commit], capture_output=True, check=True)
        for change in changes:
            for side in (change.before, change.after):
                if side is not None and change.path.endswith(".py"):
                    with contextlib.suppress(SyntaxError, ValueError):
                        ast.parse(side)
        peer.append((time.perf_counter() - started) * 1000)
    return {
        "n": len(ours),
        "assess_median_ms": round(statistics.median(ours), 1),
        "assess_p90_ms": round(statistics.quantiles(ours, n=10)[-1], 1),
        "assess_max_ms": round(max(ours), 1),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // KILOBYTES_OF_A_MB,
        "peer_median_ms": round(statistics.median(peer), 1),
        "ratio_of_medians": round(statistics.median(ours) / statistics.median(peer), 2),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
