"""Draft submitted to decision known: a 500-line patch through HTTP, store, sandbox, log and witness.

The drafts are sealed over control's socket as front does it; the clock stops when the people's
door says IN_REVIEW. The peer of the same run is one call of the judge alone, in its sandbox.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from world.casework import CaseWorld  # noqa: E402  the path is set above
from world.control_process import Caller, start_control, start_witness  # noqa: E402

DRAFTS = 15
LINES = 500


def main() -> dict[str, Any]:
    """Median and worst seconds from draft to decision, beside one bare call of the judge."""
    with tempfile.TemporaryDirectory(prefix="magistrate-bench-") as folder:
        world = CaseWorld(Path(folder))
        witness = start_witness(world.deployment)
        control = start_control(world.deployment)
        try:
            whole = [_one(world, number) for number in range(DRAFTS)]
            alone = [_judge(world) for _ in range(DRAFTS)]
        finally:
            control.stop()
            witness.stop()
            world.store.close()
    return {
        "n": DRAFTS,
        "patch_lines": LINES,
        "decision_median_s": round(statistics.median(whole), 3),
        "decision_max_s": round(max(whole), 3),
        "judge_call_median_s": round(statistics.median(alone), 3),
        "ratio_to_judge_call": round(statistics.median(whole) / statistics.median(alone), 2),
    }


def _one(world: Any, number: int) -> float:
    text = "# Notes\n\n" + "".join(f"Line {n} of draft {number}.\n" for n in range(LINES))
    request = world.proposal({"notes.md": text})
    front, ben = Caller(world.deployment, "front"), Caller(world.deployment, "ben")
    started = time.perf_counter()
    proposal = front.post("/internal/v1/proposals", request).json()["proposal"]
    path = f"/api/v1/people/cases/{proposal}"
    ben.awaited(path, lambda found: found["case"]["state"] == "IN_REVIEW")
    return time.perf_counter() - started


def _judge(world: Any) -> float:
    started = time.perf_counter()
    world.bench.assessor.decide({})
    return time.perf_counter() - started


if __name__ == "__main__":
    print(json.dumps(main()))
