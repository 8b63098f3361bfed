"""Assessing: collect the case, run the assessor in the sandbox, make the evidence it asks for.

Rule kept (R25): every failure ends as `Unavailable` or leaves a file `unknown`; nothing here
decides, and nothing here can lower a verdict. The same trees give the same bytes.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from magistrate.domain.impact import FileChange
from magistrate.errors import Unavailable
from magistrate.ports import GitReader, Sandbox
from magistrate.usecases.base_texts import context_of
from magistrate.usecases.evidence import Ran, Tool, make_runs
from magistrate.usecases.history import Histories
from magistrate.usecases.judging import Judge
from magistrate.usecases.registry_facts import Facts


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
    facts: Facts | None = None
    """Whom to ask about releases of packages; nobody unless a person wants it."""

    @property
    def judge(self) -> Judge:
        """Who is asked."""
        return Judge(sandbox=self.sandbox, python=self.python)

    def of_revisions(self, git: GitReader, base: str, head: str) -> Assessed:
        """Judge what lies between two revisions; raises NotFound, Unavailable."""
        old, new = git.resolve(base), git.resolve(head)
        trees = git.tree_of(old), git.tree_of(new)
        return self.of_trees(git, *trees, commit=old, name=f"{old[:12]}..{new[:12]}")

    def of_trees(
        self, git: GitReader, base_tree: str, result_tree: str, *, commit: str | None = None, name: str = ""
    ) -> Assessed:
        """Judge what lies between two trees, with the base tree as context where it matters.

        `commit` is the base commit; without it nothing is proven by history (ADR 0014).
        """
        changes = git.changes(base_tree, result_tree)
        case = case_of(changes, name)
        notes: tuple[str, ...] = ()
        if commit is not None:
            earlier, notes = Histories(git=git).facts(commit, base_tree, result_tree, changes)
            case |= {} if earlier is None else {"context": {"earlier": earlier}}
        said, unsaid = self._releases(case)
        reply = self._ask(case, said)
        if reply["context_wanted"]:
            case["context"] = {**case.get("context", {}), **context_of(git, base_tree)}
            found = self.of_case(case, said)
            return replace(found, notes=(*notes, *unsaid, *found.notes))
        return Assessed(verdict=reply["assessment"], evidence=said, notes=(*notes, *unsaid))

    def of_case(self, case: Mapping[str, Any], said: Sequence[Ran] = ()) -> Assessed:
        """Judge a case of the assess contract, with what was learned before; raises Usage for a bad one, Unavailable."""
        reply = self._ask(case, said)
        runs, notes = make_runs(self.sandbox, self.tools, case, reply["evidence_wanted"])
        if runs:
            reply = self._ask(case, (*said, *runs))
        return Assessed(verdict=reply["assessment"], evidence=(*said, *runs), notes=notes)

    def power_of(self, case: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Whose power a case moves, with what tools render of it; and what the missing ones cost. Raises Usage, Unavailable."""
        request = {"v": 1, "mode": "privilege", "case": case}
        reply = self.ask(request)
        runs, notes = make_runs(self.sandbox, self.tools, case, reply["evidence_wanted"])
        if runs:
            reply = self.ask({**request, "evidence": [run.asked() for run in runs]})
        return reply, notes

    def _releases(self, case: Mapping[str, Any]) -> tuple[tuple[Ran, ...], tuple[str, ...]]:
        """What registries say of the releases that come, where somebody wants to know."""
        if self.facts is None:
            return (), ()
        return self.facts.runs(self.ask({"v": 1, "mode": "releases", "case": case}))

    def _ask(self, case: Mapping[str, Any], runs: Sequence[Ran]) -> dict[str, Any]:
        reply = self.ask(question(case, runs))
        if not isinstance(reply.get("assessment"), dict):
            raise Unavailable("MAG-E253", "the assessor's reply has no assessment")
        return reply

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """One request to the sandboxed assessor, any mode; raises Usage, Unavailable."""
        return self.judge.ask(request)


def question(case: Mapping[str, Any], runs: Sequence[Ran]) -> dict[str, Any]:
    """A request to the assessor."""
    return {"v": 1, "mode": "assess", "case": case, "evidence": [run.asked() for run in runs]}


def case_of(changes: Sequence[FileChange], name: str) -> dict[str, Any]:
    """Changed files in the form of the assess contract."""
    return {"id": name, "files": [_file(change) for change in changes]}


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
