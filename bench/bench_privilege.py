"""Privilege delta: time for a pair of AWS policies against the solver z3 in the same run, scale, and verdicts on labels.

Run: `python bench/bench_privilege.py`. Pairs come from tests/corpus/privilege (self-made, from the official
documentation) and, where MAGISTRATE_TEST_DATA names a folder with `privilege-pairs.jsonl`, from there: AWS's
published labels, Kubernetes' own cases, pathfinding.cloud, and hand-made ones. The caches of the engine are
emptied before each pair.
"""

from __future__ import annotations

import gc
import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

from measured import spread

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
import z3
from world.brute_force import verdict_of
from world.solvers import Question

from magistrate.impact.privilege import dimensions, replay
from magistrate.impact.privilege.domains.aws_policy import document
from magistrate.impact.privilege.engine import delta
from magistrate.impact.privilege.model import Grants, Holder, Layer, Place, Varying, Where
from magistrate.impact.privilege.readers import grants_of
from magistrate.impact.privilege.search import found_only

MEASURES = ("src/magistrate/impact/privilege/**/*.py",)
CORPUS = Path(__file__).resolve().parent.parent / "tests/corpus/privilege"
SOLVER_MS = 5_000
SCALE = (50, 200)
Row = dict[str, Any]


def rows() -> list[Row]:
    """Every pair at hand."""
    found = [json.loads(line) for path in sorted(CORPUS.glob("*.jsonl")) for line in path.read_text().splitlines()]
    outside = os.environ.get("MAGISTRATE_TEST_DATA")
    if outside:
        lines = (Path(outside) / "privilege-pairs.jsonl").read_text().splitlines()
        found += [{**row, "outside": True} for line in lines if (row := json.loads(line))["kind"] == "pair"]
    return found


def cold() -> None:
    """Empty the caches of the engine."""
    dimensions._kinds.cache_clear()  # noqa: SLF001 - as below
    dimensions._classes.cache_clear()  # noqa: SLF001 - a cold engine is what is measured
    replay._expression.cache_clear()  # noqa: SLF001 - as above
    gc.collect()


def policies(row: Row) -> list[list[tuple[Layer, ...]]] | None:
    """Both sides of a pair of plain AWS policies without sets of values and without variables, which z3 is not told of."""
    sides: list[list[tuple[Layer, ...]]] = []
    for side in ("before", "after"):
        if len(row[side]) != 1:
            return None
        (text,) = row[side].values()
        try:
            value = json.loads(text) if isinstance(text, str) else text
        except ValueError:
            return None
        if not isinstance(value, dict) or "Statement" not in value:
            return None
        found = document(value, Place(path="policy"))
        wheres = [where for one in found.statements for where in one.where]
        if found.unknown or any(where.each is not None or _varies(where) for where in wheres):
            return None
        sides.append([(Layer(statements=found.statements),)])
    return sides


def _varies(where: Where) -> bool:
    return any(isinstance(atom, Varying) for atom in where.among)


def against_solver(pairs: list[Row]) -> dict[str, Any]:
    """Milliseconds of both on the question "is there new access?", and how often they disagree."""
    ours, theirs, ratios, undecided, differ = [], [], [], 0, 0
    for row in pairs:
        sides = policies(row)
        if sides is None:
            continue
        cold()
        start = time.perf_counter()
        mine = next(found_only(sides[1], sides[0]), None) is not None
        ours.append((time.perf_counter() - start) * 1000)
        start = time.perf_counter()
        said = Question(z3).only(sides[1], sides[0], SOLVER_MS)
        theirs.append((time.perf_counter() - start) * 1000)
        ratios.append(theirs[-1] / ours[-1])
        undecided += said == "unknown"
        differ += said not in {"unknown", "sat" if mine else "unsat"}
    return {
        "ms": {**spread(ours), "p99": at(ours, 0.99)},
        "z3_ms": {**spread(theirs), "p99": at(theirs, 0.99)},
        "z3_takes_times_as_long": spread(ratios, 1),
        "z3_undecided": undecided,
        "disagreements": differ,
    }


def at(samples: list[float], share: float) -> float:
    """A quantile."""
    return round(sorted(samples)[min(len(samples) - 1, int(share * len(samples)))], 2)


def verdicts(pairs: list[Row]) -> dict[str, Any]:
    """Per domain: exact verdicts, widenings that are not gated, false alarms, milliseconds with parsing, both directions."""
    told: dict[str, Any] = {}
    for row in pairs:
        if row["domain"] == "k8s-covers":  # bare lists of rules, which no file of a repository holds: see the tests
            continue
        states = [
            grants_of({p: t if isinstance(t, str) else json.dumps(t) for p, t in row[s].items()})
            for s in ("before", "after")
        ]
        cold()
        start = time.perf_counter()
        got = verdict_of(delta(*states))
        spent = (time.perf_counter() - start) * 1000
        name = f"{row['domain']}{' (labels from outside)' if row.get('outside') else ''}"
        one = told.setdefault(name, {"pairs": 0, "exact": 0, "missed": 0, "false_alarms": 0, "ms": []})
        wanted = {"narrower": {"narrowed"}, "not_widened": {"narrowed", "unchanged"}}.get(
            row["expected"], {row["expected"]}
        )
        if row["domain"] == "aws-check-no-new-access" and row["expected"] == "widened":
            wanted = {"widened", "incomparable"}
        one["pairs"] += 1
        one["exact"] += got in wanted
        one["missed"] += got in {"narrowed", "unchanged"} and not wanted & {"narrowed", "unchanged"}
        one["false_alarms"] += got not in {"narrowed", "unchanged"} and bool(wanted & {"narrowed", "unchanged"})
        one["ms"].append(spent)
    return {
        name: {**one, "ms": {**spread(one["ms"]), "p99": at(one["ms"], 0.99)}} for name, one in sorted(told.items())
    }


def scale(statements: int) -> float:
    """Milliseconds for a policy of so many statements (12 actions, 4 resources each) of which one is widened."""
    rng = random.Random(5)  # noqa: S311  reproducible
    made = [
        {"Effect": "Allow" if n % 5 else "Deny", "Action": [f"s{n % 17}:Do{rng.randrange(400)}*" for _ in range(12)],
         "Resource": [f"arn:aws:s{n % 17}:::b{rng.randrange(90)}/p{k}/*" for k in range(4)]}
        for n in range(statements)
    ]  # fmt: skip
    wider = [*made[:-1], {**made[-1], "Resource": "*"}]
    states = []
    for listed in (made, wider):
        found = document({"Version": "2012-10-17", "Statement": listed}, Place(path="policy"))
        holder = Holder(name="p", domain="aws-iam", layers=(Layer(statements=found.statements),))
        states.append(Grants(holders=(holder,), live=frozenset({"p"})))
    cold()
    start = time.perf_counter()
    became = verdict_of(delta(*states))
    spent = round((time.perf_counter() - start) * 1000, 1)
    if became != "widened":
        raise SystemExit(f"a wider statement among {statements} was taken for {became}")
    return spent


def owners(lines: int) -> float:
    """Milliseconds, both directions, for a CODEOWNERS file of so many lines of which one names another owner."""
    shapes = ("/src/m{n}/", "*.e{n}", "/docs/d{n}/**/x*", "svc{n}/api/", "/a/b{n}.py")
    made = [f"{shapes[n % 5].format(n=n)} @org/t{n % 20}" for n in range(lines)]
    other = [*made[: lines // 2], made[lines // 2].split()[0] + " @org/new", *made[lines // 2 + 1 :]]
    states = [grants_of({"CODEOWNERS": "\n".join(found)}) for found in (made, other)]
    cold()
    start = time.perf_counter()
    became = verdict_of(delta(*states))
    spent = round((time.perf_counter() - start) * 1000, 1)
    if became != "incomparable":
        raise SystemExit(f"another owner among {lines} lines was taken for {became}")
    return spent


def main() -> dict[str, Any]:
    """All figures."""
    pairs = rows()
    return {
        "against_z3": against_solver(pairs),
        "labels": verdicts(pairs),
        "both_directions_ms_by_statements": {str(n): scale(n) for n in SCALE},
        "codeowners_both_directions_ms_by_lines": {str(n): owners(n) for n in (100, 300)},
    }


if __name__ == "__main__":
    print(json.dumps(main(), indent=1))
