"""R25: mutated patches. None is low without a proof that an independent re-check accepts; nothing crashes.

Four in five are contents before and after, put to the judge in this process with the tool runs that
it asks for; one in five is the text of a patch, which git applies behind walls, and of these one in
four is judged behind walls too. An exception that leaves the judge is a failed case.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from paths import PYTHON
from soak.mutations import Draft, mutated
from soak.patch_texts import Bench, mutated_text
from soak.recheck import NEEDS_BASE, RUFF, sha256, verify_proof
from soak.starts import start
from soak.subject import BrokenError, Subject, Trial

from magistrate.adapters.git.patch import QuarantinedPatches
from magistrate.adapters.git.reader import RepositoryReader
from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.domain.impact import LOW, FileChange
from magistrate.errors import Refused, Unavailable, Usage
from magistrate.impact.measures.composition import net_change
from magistrate.judge import answer
from magistrate.ports import SandboxLevel, SandboxLimits, SandboxResult
from magistrate.usecases.assess import Assessor, case_of
from magistrate.usecases.base_texts import context_of
from magistrate.usecases.evidence import program
from magistrate.usecases.judging import judge_argv

LOW_WORDS = frozenset(map(str, LOW))
TEXT_SHARE = 0.2
WALLED_SHARE = 0.25
TOOL_SECONDS = 60


class Here:
    """A sandbox without walls: the judge answers in this process, a tool runs as it is."""

    level = SandboxLevel.LIMITS

    def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", read_only: Sequence[Path] = (), writable: Path | None = None,
        cwd: Path | None = None, env: Mapping[str, str] | None = None, limits: SandboxLimits | None = None,
    ) -> SandboxResult:  # fmt: skip
        del read_only, writable, env, limits
        if list(argv) == judge_argv(Path(PYTHON)):
            reply, status = answer(stdin)
            return SandboxResult(returncode=status, stdout=reply, stderr=b"", timed_out=False)
        done = subprocess.run(argv, input=stdin, cwd=cwd, capture_output=True, check=False, timeout=TOOL_SECONDS)
        return SandboxResult(returncode=done.returncode, stdout=done.stdout, stderr=done.stderr, timed_out=False)


def verify_low(draft: Draft, verdict: Mapping[str, Any]) -> str:
    """Hold a verdict against R25; the word for what it says. Raises BrokenError."""
    proven = 0
    for file in verdict["files"]:
        if file["class"] not in LOW_WORDS or "asks" in file:
            continue
        proven += 1
        change = _change_of(draft, file)
        if file["proof"]["rule"] in NEEDS_BASE and not draft.complete:
            raise BrokenError(f"`{file['path']}` is low without the whole base")
        verify_proof(change, file, draft.base)
    if not verdict["auto_eligible"]:
        return "denied" if verdict["denials"] else "a low file, not a low change" if proven else "unknown"
    paths = {change.path for step in draft.steps for change in step}
    if proven != len(verdict["files"]) or {file["path"] for file in verdict["files"]} != paths or not paths:
        raise BrokenError("an automatic change has a file without a proof")
    if verdict["sensitivities"] or verdict["denials"] or verdict["strictness"] != "auto" or not draft.complete:
        raise BrokenError("an automatic change is sensitive, denied, or judged without its base")
    if len({path.lower() for path in paths}) != len(paths):
        raise BrokenError("an automatic change has names that differ by case only")
    return "low"


def _change_of(draft: Draft, file: Mapping[str, Any]) -> FileChange:
    """The change whose bytes the witness names: of a step, or of the whole chain."""
    net, _ = net_change(draft.steps)
    changes = [change for step in (*draft.steps, net) for change in step if change.path == file["path"]]
    witness = file["proof"]["witness"]
    for change in changes:
        sides = {"before_sha256": change.before, "after_sha256": change.after}
        if all(witness.get(name) == sha256(side) for name, side in sides.items() if side is not None):
            return change
    raise BrokenError(f"the proof of `{file['path']}` names bytes that are in no step")


class Rig:
    """Everything that the cases of one shard share."""

    def __init__(self, folder: Path) -> None:
        self._bench, walls = Bench(folder), open_sandbox()
        self._patches = QuarantinedPatches(walls, folder)
        self._here = Assessor(sandbox=Here(), tools={"ruff": program(RUFF)}, python=Path(PYTHON))
        self._walled = Assessor(sandbox=walls, tools={"ruff": program(RUFF)}, python=Path(PYTHON))

    def trial(self, rng: random.Random) -> str:
        """One case."""
        draft, other = start(rng), start(rng)
        if rng.random() < TEXT_SHARE and len(draft.steps) == len(other.steps) == 1:
            return f"patch: {self._patch(draft, other, rng)}"
        return f"contents: {self._judged(self._here, mutated(draft, other, rng))}"

    def _judged(self, assessor: Assessor, draft: Draft) -> str:
        steps = [case_of(step, "")["files"] for step in draft.steps]
        case: dict[str, Any] = {"id": "soak", "steps": steps}
        case["context"] = {"files": draft.base, "complete": draft.complete}
        try:
            found = assessor.of_case(case)
        except Usage as error:
            if error.code != "MAG-E250":
                raise
            return "no case"  # a path twice in one step, or a mode that is none
        return verify_low(draft, found.verdict)

    def _patch(self, draft: Draft, other: Draft, rng: random.Random) -> str:
        base_tree, text = self._bench.patch(draft)
        text = mutated_text(text, self._bench.patch(other)[1], rng)
        walled = rng.random() < WALLED_SHARE
        try:
            applied = self._patches.apply(self._bench.git_dir, base_tree, text)
        except Refused as error:
            if error.code not in {"MAG-E304", "MAG-E305", "MAG-E306", "MAG-E307"}:
                raise
            return "refused"
        except Unavailable as error:
            if "invalid path" not in error.message:
                raise
            return "no base"  # an attack whose old side git itself does not read
        for change in applied.changes:
            if {".git", "..", ""} & {part.lower() for part in change.path.split("/")}:
                raise BrokenError(f"git took the path `{change.path}`")
        context = context_of(RepositoryReader(self._bench.git_dir), base_tree)
        what = Draft(steps=(applied.changes,), base=context["files"], complete=context["complete"])
        word = self._judged(self._walled if walled else self._here, what)
        return f"{word} (behind walls)" if walled else word


@contextmanager
def rig(folder: Path) -> Iterator[Trial]:
    yield Rig(folder).trial


SUBJECT = Subject(
    name="mutated-patches", requirement="R25", shards=50, cases=210, rig=rig,
    says="no mutated patch is low without a proof that an independent re-check accepts; nothing crashes the judge",
    measures=(
        "src/magistrate/impact/**/*.py", "src/magistrate/judge.py", "src/magistrate/domain/impact.py",
        "src/magistrate/adapters/git/patch.py", "src/magistrate/usecases/assess.py", "tests/soak/mutated_patches.py",
        "tests/soak/mutations.py", "tests/soak/patch_texts.py", "tests/soak/recheck.py", "tests/soak/starts.py",
    ),
    must_see=(
        "contents: low", "contents: unknown", "contents: denied", "patch: refused", "patch: low", "patch: unknown",
        "patch: low (behind walls)", "patch: unknown (behind walls)",
    ),
)  # fmt: skip
