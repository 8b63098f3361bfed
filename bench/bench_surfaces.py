"""How many sensitive changes the sensors find, surface by surface, on labels from outside.

    MAGISTRATE_MIRRORS=DIR MAGISTRATE_COMMITS=FILE bench/bench_surfaces.py [--held-out | --fresh | --unseen | --outside] [--misses SURFACE] [--before]

The labels (bench/surfaces/*.jsonl, collected by tools/surface_labels.py) name public repositories and
have no content, so mirrors of them are needed: DIR/<owner>+<name>/repo. FILE lists commits by title
(`repo`, `sha`, `weak_label`): those of docs, style and test show how often a sensor speaks for nothing.
Without mirrors the kept result is told. A third of the labels, by hash, is measured with `--held-out` only;
`--fresh` measures the sensors of product code on bench/surfaces/fresh, and on the open labels beside it;
`--unseen` measures bench/surfaces/unseen, of which a third, again by hash, is measured with `--held-out` only;
`--outside` measures bench/surfaces/outside, that third and the rest told apart.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from surface_changes import Label, Mirrors, attributes, changes, held_out, labels, moved

from magistrate.domain.impact import FileChange
from magistrate.impact.assess import SENSORS
from magistrate.impact.base import BaseTree, ChangedFile

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs/results/surfaces.json"
HARMLESS = ("docs", "style", "test")
MOST_HARMLESS = 400
SURFACES: dict[str, frozenset[str]] = {
    "secrets": frozenset({"secrets"}),
    "authentication": frozenset({"authentication"}),
    "cryptography": frozenset({"cryptography"}),
    "injection": frozenset({"injection", "build"}),
    "infrastructure": frozenset({"infrastructure"}),
    "ci_cd": frozenset({"ci_cd"}),
    "build": frozenset({"build"}),
    "containers": frozenset({"containers", "infrastructure"}),
    "permissions": frozenset({"permissions"}),
    "migration": frozenset({"migration"}),
    "network": frozenset({"network"}),
    "audit_config": frozenset({"audit_config"}),
    "release": frozenset({"release"}),
    "agent_instructions": frozenset({"agent_instructions"}),
    "gate": frozenset({"gate"}),
    "hidden_text": frozenset({"hidden_text"}),
    "unreadable": frozenset({"binary", "vendored"}),
    "suppressions": frozenset({"suppressions", "gate"}),
    "limits_and_flags": frozenset({"limits_and_flags"}),
}


PRODUCT = (
    "authentication",
    "cryptography",
    "infrastructure",
    "injection",
    "limits_and_flags",
    "permissions",
    "secrets",
)
"""Surfaces whose sensors were changed together, and are told together."""
UNSEEN = (*PRODUCT, "audit_config", "network")
"""Surfaces with labels from sources that no earlier label names."""
OUTSIDE = tuple(name for name in UNSEEN if name != "infrastructure")
"""Surfaces with labels from sources that the unseen ones do not name either."""


def speaking(found: list[FileChange], base: BaseTree | None = None) -> set[str]:
    """Names of the sensors that say anything of a change."""
    files = [ChangedFile(change=change) for change in found]
    tree = base or BaseTree()
    return {
        sensor.name
        for sensor in SENSORS
        if any(next(iter(sensor.sense(file, tree)), None) is not None for file in files)
    }


def share(found: int, n: int) -> dict[str, Any]:
    """A rate with its Wilson 95 % interval."""
    if n == 0:
        return {"found": 0, "n": 0}
    z, p = 1.96, found / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * ((p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5) / (1 + z * z / n)
    return {
        "found": found,
        "n": n,
        "rate": round(p, 4),
        "interval": [round(max(0.0, middle - reach), 4), round(min(1.0, middle + reach), 4)],
    }


def measure(
    mirrors: Mirrors, surface: str, *, held: bool | None, misses: list[Label] | None = None, folder: str = ""
) -> dict[str, Any]:
    """Found by the sensors of the surface, in place and moved; found by any sensor; by source.

    `held` says which part of the labels of a folder counts; None takes the fresh ones, all of them.
    """
    own = SURFACES[surface]
    counted: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    for label in labels(f"{folder}{surface}" if held is not None else f"fresh/{surface}"):
        if held is not None and held_out(label) is not held:
            continue
        found = changes(mirrors, label)
        if not found:
            continue
        source = str(label["from"]).split(":")[0]
        said, away = speaking(found, attributes(mirrors, label)), speaking(list(moved(found)))
        counted.update({"n": 1, "own": bool(said & own), "any": bool(said), "moved": bool(away & own)})
        sources[source] += 1
        hit[source] += bool(said & own)
        if misses is not None and not (said & own and away & own):
            misses.append({**label, "in_place": bool(said & own)})
    n = counted["n"]
    return {
        **{key: share(counted[key], n) for key in ("own", "moved", "any")},
        "sources": {name: {"found": hit[name], "n": sources[name]} for name in sorted(sources)},
    }


def harmless(mirrors: Mirrors, listed: Path) -> dict[str, Any]:
    """How often each sensor speaks on commits that their titles call docs, style or test."""
    rows = [json.loads(line) for line in listed.read_text().splitlines()]
    rows = [row for row in rows if row["weak_label"] in HARMLESS]
    rows.sort(key=lambda row: hashlib.sha256(str(row["sha"]).encode()).hexdigest())
    spoken: Counter[str] = Counter()
    n = 0
    for row in rows:
        if n == MOST_HARMLESS or not (mirrors.place / row["repo"].replace("/", "+") / "repo").is_dir():
            continue
        found = mirrors.commit(row["repo"], row["sha"])
        n += 1
        spoken.update(speaking(found))
    return {sensor.name: share(spoken[sensor.name], n) for sensor in SENSORS}


def main(argv: list[str] | None = None) -> dict[str, Any]:
    """Measure what there are mirrors for, keep it in docs/results/surfaces.json, and give the main figures."""
    argv = argv or []
    kept: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if "MAGISTRATE_MIRRORS" in os.environ:
        mirrors = Mirrors(place=Path(os.environ["MAGISTRATE_MIRRORS"]))
        if "--misses" in argv:
            folder = "unseen/" if "--unseen" in argv else "outside/" if "--outside" in argv else ""
            return _told(mirrors, argv[argv.index("--misses") + 1 :], folder)
        if "--unseen" in argv:
            return _kept(mirrors, _unseen(mirrors, kept, argv))
        if "--outside" in argv:
            return _kept(mirrors, _outside(mirrors, kept, "before" if "--before" in argv else "now"))
        if "--fresh" in argv:
            kept["product"] = kept.get("product", {})
            side = "before" if "--before" in argv else "now"
            for name in PRODUCT:
                told = kept["product"].setdefault(name, {})
                told[f"fresh_{side}"] = measure(mirrors, name, held=None)
                told[f"dev_{side}"] = measure(mirrors, name, held=False)
            return _kept(mirrors, kept)
        part = "held_out" if "--held-out" in argv else "before" if "--before" in argv else "dev"
        kept[part] = {name: measure(mirrors, name, held=part == "held_out") for name in SURFACES}
        if "MAGISTRATE_COMMITS" in os.environ and part != "held_out":
            name = "harmless_before" if part == "before" else "harmless"
            kept[name] = harmless(mirrors, Path(os.environ["MAGISTRATE_COMMITS"]))
        _kept(mirrors, kept)
    parts = [part for part in ("before", "dev", "held_out") if part in kept]
    return {part: {name: kept[part][name]["own"].get("rate") for name in kept[part]} for part in parts}


def _kept(mirrors: Mirrors, kept: dict[str, Any]) -> dict[str, Any]:
    mirrors.close()
    RESULTS.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
    return {
        name: {part: share["own"] for part, share in found.items()} for name, found in kept.get("product", {}).items()
    }


def _unseen(mirrors: Mirrors, kept: dict[str, Any], argv: list[str]) -> dict[str, Any]:
    """Measure labels of unseen sources and keep them; the third of them is opened by its own word."""
    held = "--held-out" in argv
    key = f"{'third' if held else 'open'}_{'before' if '--before' in argv else 'now'}"
    for name in UNSEEN:
        told = kept.setdefault("unseen", {}).setdefault(name, {})
        told[key] = measure(mirrors, name, held=held, folder="unseen/")
    return kept


def _outside(mirrors: Mirrors, kept: dict[str, Any], side: str) -> dict[str, Any]:
    """Measure labels that no sensor was tuned on: `before` is their first run, `now` comes after its open part was read."""
    for name in OUTSIDE:
        told = kept.setdefault("outside", {}).setdefault(name, {})
        for part, held in (("open", False), ("third", True)):
            told[f"{part}_{side}"] = measure(mirrors, name, held=held, folder="outside/")
    return kept


def _told(mirrors: Mirrors, surfaces: list[str], folder: str) -> dict[str, Any]:
    found = {}
    for surface in surfaces:
        misses: list[Label] = []
        found[surface] = measure(mirrors, surface, held=False, misses=misses, folder=folder)
        for miss in misses:
            print(json.dumps(miss), file=sys.stderr)
    mirrors.close()
    return found


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:]), indent=1))
