"""Results of soak runs: one JSON file for each subject in docs/results/, which an interrupted run goes on from.

A shard counts while the source that it measured is the source that is there: each shard keeps the
digest (tools/freshness.py) of the files that its subject names. What does not hold any more is
said in words with the one command that mends it.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import freshness
from soak.subject import Subject

OLDER: Final = " measured other code than there is now"


def place_of(subject: str) -> Path:
    """Where the result of a subject is kept."""
    return freshness.ROOT / "docs/results" / f"soak-{subject}.json"


def kept_shards(subject: Subject, seed: str) -> dict[int, dict[str, Any]]:
    """The finished shards of the present source, by number; a shard of other source counts as not run."""
    place = place_of(subject.name)
    if not place.exists():
        return {}
    now = freshness.sources_digest(list(subject.measures))
    written = json.loads(place.read_text())
    return {
        shard["shard"]: shard
        for shard in written["shards"]
        if shard["sources"] == now and written["seed"] == seed and shard["cases"] == subject.cases
    }


def write_result(
    subject: Subject, seed: str, shards: Mapping[int, dict[str, Any]], machine: Mapping[str, Any]
) -> dict[str, Any]:
    """Write the result of the shards there are, all of one source; whole or not at all."""
    ordered = [shards[number] for number in sorted(shards)]
    seen: Counter[str] = Counter()
    for shard in ordered:
        seen.update(shard["seen"])
    result = {
        "subject": subject.name, "requirement": subject.requirement, "says": subject.says,
        "measures": sorted(subject.measures), "sources": freshness.sources_digest(list(subject.measures)),
        "seed": seed, "machine": dict(machine), "date": max((s["date"] for s in ordered), default=""),
        "cases": sum(shard["cases"] for shard in ordered),
        "cases_wanted": subject.shards * subject.cases,
        "seconds": round(sum(shard["seconds"] for shard in ordered), 1),
        "seen": dict(sorted(seen.items())),
        "failures": [{"shard": s["shard"], **failure} for s in ordered for failure in s["failures"]],
        "shards": ordered,
    }  # fmt: skip
    place = place_of(subject.name)
    place.parent.mkdir(parents=True, exist_ok=True)
    scratch = place.with_suffix(f".{os.getpid()}")
    scratch.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    scratch.replace(place)
    return result


def verdict_on(subject: Subject, result: Mapping[str, Any]) -> list[str]:
    """Why a result proves nothing or speaks against the program; empty when it holds."""
    found = []
    if result["cases"] < subject.shards * subject.cases or len(result["shards"]) < subject.shards:
        found.append(f"{result['cases']} of {subject.shards * subject.cases} cases have run")
    if result["failures"]:
        found.append(f"{len(result['failures'])} cases failed")
    found += [f"no case ended as `{word}`" for word in subject.must_see if not result["seen"].get(word)]
    filled = {word.rpartition(": ")[0] for word in result["seen"]}
    found += [f"the cell `{cell}` is empty" for cell in subject.cells if cell not in filled]
    return found


def stale_soaks(subjects: Sequence[Subject]) -> Iterator[str]:
    """What is wrong with the soak results: absent, of other source, unfinished, failed, of no subject."""
    for subject in subjects:
        mend = f'run: make soak ARGS="{subject.name}"'
        place = place_of(subject.name)
        if not place.exists():
            yield f"{place.name} does not exist ({subject.requirement}); {mend}"
            continue
        result = json.loads(place.read_text())
        now = freshness.sources_digest(list(subject.measures))
        if result["measures"] != sorted(subject.measures) or any(s["sources"] != now for s in result["shards"]):
            yield f"{place.name} measured other code than there is now; {mend}"
        elif result["sources"] != now:
            yield f"{place.name} names other code than its shards; {mend}"
        else:
            yield from (f"{place.name}: {why}; {mend}" for why in verdict_on(subject, result))
    names = {place_of(subject.name) for subject in subjects}
    for place in sorted((freshness.ROOT / "docs/results").glob("soak-*.json")):
        if place not in names:
            yield f"{place.name} belongs to no subject of tests/soak/subjects.py; run: git rm docs/results/{place.name}"


def told_as_older(path: Path, stale: Sequence[str]) -> tuple[list[str], list[str]]:
    """Messages that remain, and those that `docs/results/older.toml` accounts for, each with its reason.

    Only a result that passed on other source can be told as older, by its file name or the name of its benchmark;
    one that is told so and is not older remains as well, so that the list empties itself.
    """
    reasons = tomllib.loads(path.read_text())["older"] if path.exists() else {}
    left, told = [], []
    for message in stale:
        name = next((name for name in reasons if OLDER in message and name in message.split(OLDER)[0]), None)
        if name is None:
            left.append(message)
        else:
            told.append(f"{name} is of older source: {reasons[name]}")
    unused = [name for name in reasons if not any(one.startswith(f"{name} ") for one in told)]
    return left + [f"{name} is told as older in {path.name} and is not; take it out there" for name in unused], told


def stale_benches(path: Path) -> Iterator[str]:
    """Benchmarks that name the source they measured, and measured other source than there is now."""
    results = json.loads(path.read_text()) if path.exists() else {}
    for name, figures in sorted(results.items()):
        measures = figures.get("measures")
        if measures and figures["sources"] != freshness.sources_digest(measures):
            yield f'{path.name}: `{name}` measured other code than there is now; run: make bench ARGS="{name}"'
