"""Assessing: collect the case, run the assessor in the sandbox, make the evidence it asks for.

Rule kept (R25): every failure ends as `Unavailable` or leaves a file `unknown`; nothing here
decides, and nothing here can lower a verdict. The same trees give the same bytes.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

import magistrate
from magistrate.domain.impact import FileChange
from magistrate.errors import CODES, Unavailable, Usage
from magistrate.ports import GitReader, Sandbox, SandboxLimits, SandboxResult
from magistrate.usecases.evidence import Ran, Tool, make_runs

MAX_CONTEXT_FILE: Final = 2_000_000
MAX_CONTEXT: Final = 48_000_000
REGULAR: Final = frozenset({"100644", "100755"})
MAX_LOOKED: Final = 64_000_000
PICTURES: Final = (".png", ".jpg", ".jpeg", ".gif", ".ico", ".webp", ".woff", ".woff2", ".ttf", ".otf", ".pdf", ".mp4")
NUL_WINDOW: Final = 8_000
JUDGE_LIMITS: Final = SandboxLimits(cpu_seconds=120, wall_seconds=180, output_bytes=64_000_000)
_START: Final = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
    "runpy.run_module('magistrate.judge', run_name='__main__', alter_sys=True)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """The verdict (assess contract, no times, no hosts) and the runs it rests on."""

    verdict: dict[str, Any]
    evidence: tuple[Ran, ...]
    notes: tuple[str, ...] = ()

    @property
    def strictness(self) -> str:
        """`auto`, `one`, `two` or `deny`."""
        return str(self.verdict["strictness"])


@dataclass(frozen=True, kw_only=True)
class Assessor:
    """The pinned assessor behind its walls. `tools` are the programs that proofs re-run, by name."""

    sandbox: Sandbox
    tools: Mapping[str, Tool]
    python: Path = field(default_factory=lambda: Path(sys.executable))

    def of_revisions(self, git: GitReader, base: str, head: str) -> Assessed:
        """Judge what lies between two revisions; raises NotFound, Unavailable."""
        old, new = git.resolve(base), git.resolve(head)
        return self.of_trees(git, git.tree_of(old), git.tree_of(new), name=f"{old[:12]}..{new[:12]}")

    def of_trees(self, git: GitReader, base_tree: str, result_tree: str, *, name: str = "") -> Assessed:
        """Judge what lies between two trees, with the base tree as context where it matters."""
        case = case_of(git.changes(base_tree, result_tree), name)
        reply = self._ask(case, ())
        if reply["context_wanted"]:
            case["context"] = context_of(git, base_tree)
            return self.of_case(case)
        return Assessed(verdict=reply["assessment"], evidence=())

    def of_case(self, case: Mapping[str, Any]) -> Assessed:
        """Judge a case of the assess contract; raises Usage for a bad one, Unavailable."""
        reply = self._ask(case, ())
        runs, notes = make_runs(self.sandbox, self.tools, case, reply["evidence_wanted"])
        if runs:
            reply = self._ask(case, runs)
        return Assessed(verdict=reply["assessment"], evidence=runs, notes=notes)

    def _ask(self, case: Mapping[str, Any], runs: Sequence[Ran]) -> dict[str, Any]:
        request = {"v": 1, "mode": "assess", "case": case, "evidence": [run.asked() for run in runs]}
        reply = self.ask(request)
        if not isinstance(reply.get("assessment"), dict):
            raise Unavailable("MAG-E253", "the assessor's reply has no assessment")
        return reply

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """One request to the sandboxed assessor, any mode; raises Usage, Unavailable."""
        result = self.sandbox.run(judge_argv(self.python), stdin=msgspec.json.encode(request), limits=JUDGE_LIMITS)
        return _reply(result)


def case_of(changes: Sequence[FileChange], name: str) -> dict[str, Any]:
    """Changed files in the form of the assess contract."""
    return {"id": name, "files": [_file(change) for change in changes]}


def context_of(git: GitReader, tree: str) -> dict[str, Any]:
    """Text files of the base tree; `complete` is false where one had to be left out.

    What has a NUL byte in it is no text and is not missed; of large files `MAX_LOOKED` bytes are looked at, at most.
    """
    entries = [e for e in git.list_tree(tree) if e.mode in REGULAR and not e.path.lower().endswith(PICTURES)]
    taken, total = [], 0
    for entry in entries:
        if 0 <= entry.size <= MAX_CONTEXT_FILE and total + entry.size <= MAX_CONTEXT:
            taken.append(entry)
            total += entry.size
    blobs = git.read_blobs([entry.object_id for entry in taken])
    files = {}
    for entry in taken:
        content = blobs[entry.object_id]
        if b"\0" not in content[:NUL_WINDOW]:
            files[entry.path] = content.decode("utf-8", "replace")
    held = {entry.object_id for entry in taken}
    left = {entry.object_id: entry.size for entry in entries if entry.object_id not in held}
    looked = min(left.values(), default=0) >= 0 and sum(left.values()) <= MAX_LOOKED
    binary = looked and all(b"\0" in git.read_blobs([name])[name] for name in left)
    return {"files": files, "complete": binary}


def judge_argv(python: Path) -> list[str]:
    """`python -m magistrate.judge` of this very source.

    The way there is given, not found: an installation that is renewed at this moment takes its
    path file away for an instant, and the judge would then know no package `magistrate`.
    """
    return [str(python), "-I", "-B", "-c", _START, str(Path(magistrate.__path__[0]).parent)]


def _reply(result: SandboxResult) -> dict[str, Any]:
    try:
        reply = msgspec.json.decode(result.stdout)
    except msgspec.DecodeError:
        reply = None
    if isinstance(reply, dict) and isinstance(reply.get("error"), dict):
        code, message = str(reply["error"].get("code")), str(reply["error"].get("message"))
        raise Usage(code if code in CODES else "MAG-E252", message)
    if not result.clean or not isinstance(reply, dict):
        tail = result.stderr.decode("utf-8", "replace").strip().split("\n")[-1][:300]
        how = "ran out of its limits" if result.timed_out or result.overflowed else f"ended with {result.returncode}"
        raise Unavailable("MAG-E253", f"the assessor {how}: {tail or 'no words'}", hint="try a smaller change")
    return reply


def _file(change: FileChange) -> dict[str, Any]:
    return {
        "path": change.path,
        "before": _side(change.before),
        "after": _side(change.after),
        "mode_before": change.mode_before,
        "mode_after": change.mode_after,
    }


def _side(content: bytes | None) -> str | dict[str, str] | None:
    if content is None:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}
