"""Privilege delta: time for a pair of AWS policies against the solver z3 in the same run, scale, and verdicts on labels.

Run: `python bench/bench_privilege.py`. Pairs come from tests/corpus/privilege (self-made, from the official
documentation) and, where MAGISTRATE_TEST_DATA names a folder with `privilege-pairs.jsonl`, from there: AWS's
published labels, Kubernetes' own cases, pathfinding.cloud, and hand-made ones. The caches of the engine are
emptied before each pair. Where MAGISTRATE_MANAGED_POLICIES names folders (with `:` between) that hold unpacked releases of moto
(Apache-2.0), oldest first, the managed policies of AWS in them are compared too: those that differ between two releases,
neighbours by name, and pairs by chance.
"""

from __future__ import annotations

import ast
import gc
import json
import os
import random
import statistics
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from measured import spread

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
import cvc5.pythonic
import z3
from world.brute_force import verdict_of
from world.solvers import Question

from magistrate.impact.privilege import dimensions, replay
from magistrate.impact.privilege.domains.aws_policy import document
from magistrate.impact.privilege.engine import delta
from magistrate.impact.privilege.model import Grants, Holder, Layer, Place, Varying, Where
from magistrate.impact.privilege.readers import BY_FILE, READERS, grants_of
from magistrate.impact.privilege.search import found_only

MEASURES = ("src/magistrate/impact/privilege/**/*.py",)
CORPUS = Path(__file__).resolve().parent.parent / "tests/corpus/privilege"
SOLVER_MS = 5_000
SCALE = (50, 200)
MANAGED, ASKED, ASKED_MS = 100, 8, 500
"""Pairs of managed policies of each kind, those of them that solvers are asked about, and their milliseconds for one."""
ALONE = {one.domain: (one,) for one in READERS if one.domain in {"aws-iam", *BY_FILE}}
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
    """Per domain: exact verdicts, widenings that are not gated, false alarms, milliseconds for both directions.

    `ms` is the comparison (the median of three, each cold), `with_reading_ms` one reading of both sides and one comparison.
    A corpus of one reader is judged by that reader, as in its tests: another one may rightly say more of the same files.
    """
    told: dict[str, Any] = {}
    for row in pairs:
        if row["domain"] == "k8s-covers":  # bare lists of rules, which no file of a repository holds: see the tests
            continue
        own = READERS if row.get("outside") or row["domain"] not in ALONE else ALONE[row["domain"]]
        start = time.perf_counter()
        states = [
            grants_of({p: t if isinstance(t, str) else json.dumps(t) for p, t in row[s].items()}, own)
            for s in ("before", "after")
        ]
        reading = (time.perf_counter() - start) * 1000
        three = []
        for _ in range(3):
            cold()
            start = time.perf_counter()
            got = verdict_of(delta(*states))
            three.append((time.perf_counter() - start) * 1000)
        name = f"{row['domain']}{' (labels from outside)' if row.get('outside') else ''}"
        one = told.setdefault(name, {"pairs": 0, "exact": 0, "missed": 0, "false_alarms": 0, "ms": [], "read": []})
        wanted = {"narrower": {"narrowed"}, "not_widened": {"narrowed", "unchanged"}}.get(
            row["expected"], {row["expected"]}
        )
        if row["domain"] == "aws-check-no-new-access" and row["expected"] == "widened":
            wanted = {"widened", "incomparable"}
        one["pairs"] += 1
        one["exact"] += got in wanted
        one["missed"] += got in {"narrowed", "unchanged"} and not wanted & {"narrowed", "unchanged"}
        one["false_alarms"] += got not in {"narrowed", "unchanged"} and bool(wanted & {"narrowed", "unchanged"})
        one["ms"].append(statistics.median(three))
        one["read"].append(reading + three[0])
    every = {
        "ms": [ms for one in told.values() for ms in one["ms"]],
        "read": [ms for one in told.values() for ms in one["read"]],
    }
    every |= {count: sum(one[count] for one in told.values()) for count in ("pairs", "exact", "missed", "false_alarms")}
    return {name: _timed(one) for name, one in [*sorted(told.items()), ("all", every)]}


def _timed(one: dict[str, Any]) -> dict[str, Any]:
    reading, compared = one.pop("read"), one["ms"]
    return {
        **one,
        "ms": {**spread(compared), "p99": at(compared, 0.99)},
        "with_reading_ms": {**spread(reading), "p99": at(reading, 0.99)},
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


def managed() -> dict[str, Any]:
    """Real managed policies: milliseconds of both directions, cold; how often nobody can say; z3 and cvc5 on some of them."""
    folders = [Path(one) for one in os.environ.get("MAGISTRATE_MANAGED_POLICIES", "").split(":") if one]
    if not folders:
        return {"not_measured": "MAGISTRATE_MANAGED_POLICIES names no release of moto"}
    releases = [_of_moto(folder) for folder in folders]
    rng, newest = random.Random(1), releases[-1]  # noqa: S311 - the same pairs in each run
    names = sorted(newest)
    moved = [
        (old[name], newest[name])
        for old in releases[:-1]
        for name in sorted(old)
        if name in newest and old[name] != newest[name]
    ]
    beside = [(newest[one], newest[other]) for one, other in pairwise(names)]
    chance = [(newest[rng.choice(names)], newest[rng.choice(names)]) for _ in range(MANAGED)]
    told: dict[str, Any] = {}
    for kind, pairs in (("versions", moved), ("neighbours", beside), ("by_chance", chance)):
        taken = rng.sample(pairs, min(MANAGED, len(pairs)))
        told[kind] = _both_ways([[_holding(one) for one in pair] for pair in taken])
    return {**told, "solvers": _asked([*rng.sample(moved, min(ASKED, len(moved))), *chance[:ASKED]])}


def _of_moto(folder: Path) -> dict[str, Any]:
    tree = ast.parse((folder / "moto/iam/aws_managed_policies.py").read_text())
    text = next(
        node.value.value for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    )
    return {name: one["Document"] for name, one in json.loads(str(text)).items()}


def _holding(policy: Any) -> Grants:
    found = document(policy, Place(path="policy"))
    holder = Holder(name="p", domain="aws-iam", layers=(Layer(statements=found.statements),))
    return Grants(holders=(holder,), live=frozenset({"p"}), unknown=found.unknown)


def _both_ways(pairs: list[list[Grants]]) -> dict[str, Any]:
    spent, unknown = [], 0
    for before, after in pairs:
        cold()
        start = time.perf_counter()
        unknown += verdict_of(delta(before, after)) == "unknown"
        spent.append((time.perf_counter() - start) * 1000)
    return {
        "n": len(spent),
        "both_directions_ms": {**spread(spent), "p99": at(spent, 0.99), "max": at(spent, 1)},
        "unknown": unknown,
    }


def _asked(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
    told: dict[str, Any] = {"n": 0, "z3_decided": 0, "cvc5_decided": 0, "disagreements": 0}
    for pair in pairs:
        sides = [[one.holders[0].layers] for one in map(_holding, pair)]
        if any(
            where.each is not None or _varies(where)
            for side in sides
            for layers in side
            for one in layers[0].statements
            for where in one.where
        ):
            continue
        told["n"] += 1
        mine = "sat" if next(found_only(sides[1], sides[0]), None) is not None else "unsat"
        for name, solver in (("z3", z3), ("cvc5", cvc5.pythonic)):
            said = Question(solver).only(sides[1], sides[0], ASKED_MS)
            told[f"{name}_decided"] += said != "unknown"
            told["disagreements"] += said not in {"unknown", mine}
    return told


def main() -> dict[str, Any]:
    """All figures."""
    pairs = rows()
    gc.collect()
    gc.freeze()  # what stands here already (pairs, solvers) is not walked again: 0.1 s for each pair, and not the engine's
    return {
        "managed_policies": managed(),
        "against_z3": against_solver(pairs),
        "labels": verdicts(pairs),
        "both_directions_ms_by_statements": {str(n): scale(n) for n in SCALE},
        "codeowners_both_directions_ms_by_lines": {str(n): owners(n) for n in (100, 300)},
    }


if __name__ == "__main__":
    print(json.dumps(main(), indent=1))
