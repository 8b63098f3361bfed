"""Run the benchmarks in `bench/bench_*.py` and write docs/results/bench.json.

Each module has `main() -> dict` with its figures: medians with an interval and `n`, preferably as
a ratio to something measured in the same run, since absolute times belong to a machine.
`run.py [WORD...]` runs those whose name contains a word and keeps the other results. A module whose
figures come from few files names them in `MEASURES` (patterns from the project's root): the result
keeps the digest of these files, and a test fails when they have changed since.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE), str(ROOT / "tools")]

from freshness import sources_digest  # noqa: E402  the path is set above
from measured import machine  # noqa: E402

RESULTS = ROOT / "docs/results/bench.json"


def run(name: str) -> dict[str, Any]:
    """One benchmark with the load before it and the time it took."""
    load = round(os.getloadavg()[0], 2)
    start = time.monotonic()
    module = importlib.import_module(name)
    figures = {
        **module.main(),
        "load_before": load,
        "seconds": round(time.monotonic() - start, 1),
        "machine": machine(),
    }
    measures = list(getattr(module, "MEASURES", ()))
    return {**figures, "measures": measures, "sources": sources_digest(measures)} if measures else figures


def main(words: list[str]) -> int:
    """Run, print and record; exit 1 when a benchmark could not run."""
    names = [path.stem for path in sorted(HERE.glob("bench_*.py"))]
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results = {name: figures for name, figures in results.items() if name in names}
    failed = 0
    for name in names:
        if words and not any(word in name for word in words):
            continue
        try:
            results[name] = run(name)
        except Exception as error:  # noqa: BLE001  one broken benchmark must not hide the others
            failed += 1
            print(f"{name}: could not run: {error}", file=sys.stderr)
            continue
        shown = {key: value for key, value in results[name].items() if key != "machine"}
        print(f"{name}: {json.dumps(shown)}", flush=True)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
