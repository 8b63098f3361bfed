"""Writes the part of docs/measured.md on sensors and labels from outside, from docs/results/surfaces.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from sensors_page import rate

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/measured.md"
RESULTS = ROOT / "docs/results/surfaces.json"
MARKS = ("<!-- sensors on labels from outside -->\n", "<!-- end of sensors on labels from outside -->\n")
HEAD = """| surface | n | first run | any sensor, first run | n open | open now | n third | third now | any sensor, third now |
|---|---|---|---|---|---|---|---|---|
"""


def added(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Two counts as one, with its Wilson 95 % interval."""
    found, n = one["found"] + other["found"], one["n"] + other["n"]
    z, p = 1.96, found / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * ((p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5) / (1 + z * z / n)
    return {"found": found, "n": n, "rate": p, "interval": [max(0.0, middle - reach), min(1.0, middle + reach)]}


def section(kept: dict[str, Any]) -> str:
    """The table between the marks."""
    rows = []
    for name, told in sorted(kept["outside"].items()):
        first = {key: added(told["open_before"][key], told["third_before"][key]) for key in ("own", "any")}
        now, third = told["open_now"]["own"], told["third_now"]
        cells = [name, str(first["own"]["n"]), rate(first["own"], interval=True), rate(first["any"])]
        cells += [str(now["n"]), rate(now), str(third["own"]["n"]), rate(third["own"], interval=True)]
        rows.append("| " + " | ".join([*cells, rate(third["any"], interval=True)]) + " |\n")
    return HEAD + "".join(rows)


def written(page: str, kept: dict[str, Any]) -> str:
    """A page with the table of the kept results between its marks."""
    head, _, rest = page.partition(MARKS[0])
    _, _, tail = rest.partition(MARKS[1])
    return head + MARKS[0] + section(kept) + MARKS[1] + tail


def main() -> int:
    """Write the page."""
    PAGE.write_text(written(PAGE.read_text(), json.loads(RESULTS.read_text())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
