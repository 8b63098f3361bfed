"""How many fixes of a missing guard, taken back, the sensor `route_guards` speaks on.

    MAGISTRATE_MIRRORS=DIR bench/bench_route_guards.py [--held-out] [--misses]

The labels (bench/surfaces/route_guards.jsonl) name commits by whose title and lines a guard was put before a door that had none.
Each is taken back, in its place and under names that say nothing; forward it must not be called a loss for that very guard,
which is counted as *forward* and read by people.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "src")]

from harmless_tables import wilson  # noqa: E402
from surface_changes import Mirrors, changes, held_out, labels, moved  # noqa: E402

from magistrate.domain.impact import FileChange  # noqa: E402
from magistrate.impact.assess import SENSORS  # noqa: E402
from magistrate.impact.base import BaseTree, ChangedFile  # noqa: E402

SENSOR = next(sensor for sensor in SENSORS if sensor.name == "route_guards")


def speaks(found: list[FileChange]) -> bool:
    """Whether the sensor names anything in a change."""
    return any(list(SENSOR.sense(ChangedFile(change=change), BaseTree())) for change in found)


def taken_back(found: list[FileChange]) -> list[FileChange]:
    """The same change the other way round."""
    return [replace(change, before=change.after, after=change.before) for change in found]


def main(argv: list[str]) -> dict[str, Any]:
    """Measure the labels there are mirrors for."""
    mirrors = Mirrors(Path(os.environ["MAGISTRATE_MIRRORS"]))
    counted = {"n": 0, "found": 0, "moved": 0, "forward": 0}
    for label in labels("route_guards"):
        if held_out(label) is not ("--held-out" in argv):
            continue
        found = changes(mirrors, label)
        if not found:
            continue
        back = taken_back(found)
        said = speaks(back)
        counted["n"] += 1
        counted["found"] += said
        counted["moved"] += speaks(list(moved(back)))
        counted["forward"] += speaks(found)
        if "--misses" in argv and not said:
            print(json.dumps(label), file=sys.stderr)
    mirrors.close()
    return {**counted, "interval": wilson(counted["found"], counted["n"])}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:]), indent=1))
