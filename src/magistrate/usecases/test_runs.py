"""The run of touched tests before and after a change, for the tests prover: walls, record, changed programs.

Rule kept (R20): the tests of a repository run only behind walls with namespaces of their own (no
network, no secrets, no home of the host, a tree that cannot be written), by the interpreter that
the operator named; the record says what every test did and reached, and which changes of the
program the tests noticed. Whatever cannot be run gives no record, and without it nothing is proven.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from magistrate.errors import MagistrateError
from magistrate.impact.base import ChangedFile
from magistrate.impact.case import parse_case
from magistrate.impact.testing.collection import TEST_FOLDER, is_test_name
from magistrate.impact.testing.mutants import sampled
from magistrate.impact.testing.runs import MAX_MUTANTS, request, touched, trees
from magistrate.ports import Sandbox, SandboxLevel, SandboxLimits
from magistrate.usecases import test_inside
from magistrate.wire.canonical import canonical

FIRST_SECONDS: Final = 60
LIMITS: Final = SandboxLimits(cpu_seconds=200, wall_seconds=240, memory_bytes=1 << 32, output_bytes=8_000_000)
MAX_FILES: Final = 20_000
NAMESPACED: Final = frozenset({SandboxLevel.BUBBLEWRAP, SandboxLevel.UNSHARE})
"""Walls behind which the code of a repository may run."""
IMPORT_MODE: Final = re.compile(r"--import-mode[= ](?:prepend|append|importlib)\b")
_PLAIN: Final = re.compile(r"[^/\0]+(?:/[^/\0]+)*\Z")


class Walls:
    """Where runs are made: the sandbox, and the interpreter with what of the disk it needs."""

    def __init__(self, sandbox: Sandbox, start: Sequence[str], shown: Sequence[Path]) -> None:
        self._sandbox = sandbox
        self._start = [*start]
        self._shown = [*shown]

    def run(self, tree: Path, order: Mapping[str, Any]) -> dict[str, Any] | None:
        """One order; None where the run fails, or gives no record."""
        inside = Path(test_inside.__file__)
        result = self._sandbox.run(
            [*self._start, "-B", str(inside)],
            stdin=msgspec.json.encode(order),
            read_only=[*self._shown, inside, tree],
            cwd=tree,
            limits=LIMITS,
        )
        try:
            found = json.loads(result.stdout) if result.clean else None
        except ValueError:
            return None
        return found if isinstance(found, dict) and isinstance(found.get("first"), dict) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """The two trees of one step, and what of them is run."""

    before: Mapping[str, bytes]
    after: Mapping[str, bytes]
    files: tuple[str, ...]
    digest: str


def run_tests(walls: Walls, level: SandboxLevel, case: Mapping[str, Any], want: Mapping[str, Any]) -> bytes | None:
    """The record of one run that a prover asked for, as canonical JSON; None where it cannot be made."""
    plan = _plan(case, want) if level in NAMESPACED else None
    if plan is None:
        return None
    with tempfile.TemporaryDirectory(prefix="magistrate-tests-") as made:
        place = Path(made).resolve()
        place.chmod(0o755)
        sides = {}
        for name, tree in (("before", plan.before), ("after", plan.after)):
            lay_out(place / name, tree)
            sides[name] = tuple(path for path in plan.files if path in tree)
        record = _recorded(walls, place, plan, sides)
    return None if record is None else canonical(record)


def _recorded(walls: Walls, place: Path, plan: _Plan, sides: Mapping[str, Sequence[str]]) -> dict[str, Any] | None:
    first: dict[str, dict[str, Any]] = {}
    for name, files in sides.items():
        found = _ordered(walls, place / name, plan, files, ())
        if found is None:
            return None
        first[name] = found["first"]
    called = {
        (str(path), int(line)) for one in first.values() for path, line in one["called"] if _is_program(str(path))
    }
    texts = {path: plan.before[path].decode("utf-8", "replace") for path, _ in called if path in plan.before}
    mutants = sampled(texts, sorted(called), plan.digest, MAX_MUTANTS)
    order = [{"id": one.name, "path": one.path, "source": one.source} for one in mutants]
    noticed = {}
    for name, files in sides.items():
        found = _ordered(walls, place / name, plan, files, order) if order else {"noticed": []}
        if found is None:
            return None
        noticed[name] = sorted(str(one) for one in found["noticed"])
    return {
        "v": 1,
        "before": first["before"]["tests"],
        "after": first["after"]["tests"],
        "reached": first["after"]["reached"],
        "mutants": {
            "made": sorted(one.name for one in mutants),
            "noticed_before": noticed["before"],
            "noticed_after": noticed["after"],
        },
    }


def _ordered(
    walls: Walls, tree: Path, plan: _Plan, files: Sequence[str], mutants: Sequence[Mapping[str, str]]
) -> dict[str, Any] | None:
    if not files:
        return {"first": {"tests": {}, "called": [], "reached": {}}, "noticed": []}
    modes = [IMPORT_MODE.search(plan.before[n].decode("utf-8", "replace")) for n in _CONFIGS if n in plan.before]
    options = next((found[0].replace(" ", "=") for found in modes if found is not None), "")
    order = {
        "tree": str(tree), "files": list(files), "mutants": list(mutants), "options": options, "seconds": FIRST_SECONDS, "first": not mutants
    }  # fmt: skip
    return walls.run(tree, order)


_CONFIGS: Final = ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")


def _is_program(path: str) -> bool:
    """Code of the repository that is no test."""
    folders = path.split("/")[:-1]
    tests = is_test_name(path.rsplit("/", 1)[-1]) or any(TEST_FOLDER.match(part) for part in folders)
    return path.endswith(".py") and not tests and not path.endswith("conftest.py")


def _plan(case: Mapping[str, Any], want: Mapping[str, Any]) -> _Plan | None:
    """The step that a request is about, found by the digest of everything that it reads."""
    try:
        parsed = parse_case(case)
    except MagistrateError:
        return None
    for changes in parsed.steps:
        step = tuple(ChangedFile(change=change) for change in changes)
        wanted = request(step, parsed.base)
        if wanted is None or (wanted.path, wanted.inputs_digest) != (want["path"], want["inputs_digest"]):
            continue
        before, after = trees(step, parsed.base)
        paths = [*before, *after]
        bad = any(_PLAIN.match(p) is None or {".", "..", ".git"} & set(p.split("/")) for p in paths)
        if bad or len(paths) > 2 * MAX_FILES:
            return None
        return _Plan(before=before, after=after, files=tuple(touched(step)), digest=wanted.inputs_digest)
    return None


def lay_out(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a tree where an unprivileged child can read it."""
    folder.mkdir(mode=0o755)
    for path, content in files.items():
        place = folder / path
        if not place.parent.is_dir():
            place.parent.mkdir(parents=True)
        place.write_bytes(content)
    for one in folder.rglob("*"):
        one.chmod(0o755 if one.is_dir() else 0o644)
