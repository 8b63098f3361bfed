"""The run of tests that a proof asks for, by name of everything it reads; and what its record has to say.

Pure: the caller runs the tests of both trees behind walls and writes the record; the prover states
the run, and reads the record. Rule kept (R20): every touched test passes before and after, no new
test starts a program, opens a connection or writes a file, and no change to the code that the
tests noticed before goes unnoticed after.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from magistrate.domain.impact import EvidenceRequest
from magistrate.impact.base import BaseTree, ChangedFile, sha256_hex
from magistrate.impact.testing.collection import is_test_name
from magistrate.impact.testing.findings import Kept
from magistrate.wire.canonical import digest_of

TOOL: Final = "pytest-run"
MAX_MUTANTS: Final = 12
PASSED: Final = "passed"


def touched(step: Sequence[ChangedFile]) -> list[str]:
    """Paths of the test files of a step that are there afterwards."""
    return sorted(
        one.path for one in step if is_test_name(one.path.rpartition("/")[2]) and one.change.after is not None
    )


def request(step: Sequence[ChangedFile], base: BaseTree) -> EvidenceRequest | None:
    """The one run for a whole step; None where the step does not begin at the base."""
    paths = touched(step)
    if not paths:
        return None
    for one in step:
        held = base.files.get(one.path)
        if held is not None and (one.change.before is None or held != one.before):
            return None
    changed = frozenset(one.path for one in step)
    sides = [
        [one.path, *(None if side is None else sha256_hex(side) for side in (one.change.before, one.change.after))]
        for one in sorted(step, key=lambda file: file.path)
    ]
    named = digest_of({"v": 1, "tool": TOOL, "rest": rest_digest(base, changed), "step": sides, "mutants": MAX_MUTANTS})
    first = next(one for one in step if one.path == paths[0])
    pinned = sha256_hex(first.change.after or b"")
    return EvidenceRequest(tool=TOOL, path=paths[0], inputs_digest=named, inputs=((paths[0], pinned),))


def rest_digest(base: BaseTree, changed: frozenset[str]) -> str:
    """Digest over all text files of a base tree that a step does not change, by path."""
    key = f"testing digest {sorted(changed)}"
    kept = base.looked_up.get(key)
    if not isinstance(kept, str):
        named = [[path, sha256_hex(base.files[path].encode())] for path in sorted(base.files) if path not in changed]
        kept = base.looked_up[key] = digest_of(named)
    return kept


def trees(step: Sequence[ChangedFile], base: BaseTree) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """All files before and after a step."""
    before = {path: text.encode() for path, text in base.files.items()}
    before |= {one.path: one.change.before for one in step if one.change.before is not None}
    after = dict(before)
    for one in step:
        if one.change.after is None:
            after.pop(one.path, None)
        else:
            after[one.path] = one.change.after
    return before, after


def why_not_shown(output: bytes, path: str, kept: Kept, *, new_file: bool) -> str | None:
    """Why a record does not show what a test file needs; None when it does."""
    try:
        record = json.loads(output)
        return _tests(record, path, kept, new_file=new_file) or _mutants(record)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "the record of the run is not readable"


def _tests(record: Mapping[str, Any], path: str, kept: Kept, *, new_file: bool) -> str | None:
    before = _of(record["before"], path)
    after = _of(record["after"], path)
    if not after or not (before or new_file):
        return "the run collected none of the tests"
    for name in kept.added + kept.widened + [one for names in kept.renamed.values() for one in names]:
        states = {state for test, state in after.items() if _function(test) == name}
        if states != {PASSED}:
            return f"the test `{name}` did not pass in the sandbox ({', '.join(sorted(states)) or 'not collected'})"
    for test, state in before.items():
        if _function(test) not in kept.renamed and after.get(test) != state:
            return f"the test `{test}` was {state} before and is {after.get(test, 'gone')} now"
    failed = next(
        (test for test, state in {**before, **after}.items() if state not in {PASSED, "skipped", "xfailed"}), None
    )
    if failed is not None:
        return f"the test `{failed}` does not pass in the sandbox, so it shows nothing"
    return _reach(record, path, before, after)


def _reach(record: Mapping[str, Any], path: str, before: Mapping[str, str], after: Mapping[str, str]) -> str | None:
    for test in after:
        kinds = record["reached"].get(f"{path}::{test}", [])
        if test not in before and kinds:
            return f"the new test `{test}` reaches beyond the program ({', '.join(sorted(kinds))})"
    return None


def _of(side: Mapping[str, str], path: str) -> dict[str, str]:
    return {test.removeprefix(f"{path}::"): state for test, state in side.items() if test.startswith(f"{path}::")}


def _function(test: str) -> str:
    """`Class::name` of a test id, without its case."""
    return test.partition("[")[0]


def _mutants(record: Mapping[str, Any]) -> str | None:
    asked, before, after = (set(record["mutants"][key]) for key in ("made", "noticed_before", "noticed_after"))
    if not asked:
        return "the tests run no code of the repository that could be changed to see whether they notice"
    if not before <= asked or not after <= asked:
        return "the record of the run is not readable"
    lost = before - after
    if lost:
        return f"the change `{min(lost)}` was noticed by the tests before and is not now"
    return None


def summary(output: bytes) -> tuple[tuple[str, str], ...]:
    """Counts of a record, for the witness."""
    record = json.loads(output)
    mutants = record["mutants"]
    return (
        ("mutants", str(len(mutants["made"]))),
        ("mutants_noticed_after", str(len(mutants["noticed_after"]))),
        ("mutants_noticed_before", str(len(mutants["noticed_before"]))),
        ("tests_after", str(len(record["after"]))),
        ("tests_before", str(len(record["before"]))),
    )
