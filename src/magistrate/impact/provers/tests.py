"""Claim: a test file, by its role in the base, keeps or strengthens every test and adds plain ones (R20).

Rule kept: the syntax trees show that every old test is there, unchanged or stronger, and that new
ones are of an allow-list; no job of the base that may run them holds a secret; a run behind walls, before and
after, shows that they pass, reach nothing and notice what they noticed. It refuses fixtures, hooks,
configuration, skips, looser or empty assertions, and a file that anything imports or names. Limits:
what a test notices is sampled; a test that changes state of the program may weaken tests of
other files. Tests of other languages are explained, never proven.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from magistrate.domain.impact import ChangeClass, Evidence, EvidenceRequest, Proof, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.equality import proof
from magistrate.impact.languages import python
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.prose import why_not_prose
from magistrate.impact.testing.collection import is_test_name, outside_tests, why_not_collected
from magistrate.impact.testing.findings import Kept, Objection
from magistrate.impact.testing.lattice import compare
from magistrate.impact.testing.project import Project
from magistrate.impact.testing.runs import request, summary, why_not_shown
from magistrate.impact.testing.workflows import has_workflows, why_not_secretless

CHOOSES: Final = rx(
    r"(?:^|[\s\"'\[])-k[\s\"'=]|--?deselect|collect_ignore|pytest_collection|pytest_ignore_collect|pytest_itemcollected"
)
"""How a base chooses tests by their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tests:
    """Tests that pytest collects, in Python."""

    name: str = "python-tests/1"
    change_class: ChangeClass = ChangeClass.TESTS

    def applies(self, file: ChangedFile) -> bool:
        """By name: one premise beside the base tree."""
        return is_test_name(file.path.rpartition("/")[2])

    def needs_base(self) -> bool:
        """Yes: only the base says what is a test."""
        return True

    def wants(self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> tuple[EvidenceRequest, ...]:
        """The run of the touched tests, where nothing else stands in the way."""
        if not base.known or self._judged(file, step, base)[0] is not None:
            return ()
        wanted = request(step, base)
        return () if wanted is None else (wanted,)

    def prove(
        self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree, evidence: Sequence[Evidence]
    ) -> Proof:
        """Proven by the trees, the base and a record of the run; without the record nothing is."""
        refused, kept = self._judged(file, step, base)
        if refused is not None:
            return refused
        wanted = request(step, base)
        if wanted is None:
            return self._said(file, "the change does not begin at the base that is known", ProofStatus.UNKNOWN)
        named = (wanted.tool, wanted.path, wanted.inputs_digest)
        run = next((one for one in evidence if (one.tool, one.path, one.inputs_digest) == named), None)
        if run is None:
            why = "nothing speaks against these tests, yet nobody has run them behind walls (name the project's interpreter in `MAGISTRATE_TEST_PYTHON`)"
            return self._said(file, why, ProofStatus.UNKNOWN)
        missing = why_not_shown(run.output, file.path, kept, new_file=file.change.before is None)
        if missing is not None:
            return self._said(file, missing, ProofStatus.REFUTED)
        return self._proven(file, base, kept, run)

    def _proven(self, file: ChangedFile, base: BaseTree, kept: Kept, run: Evidence) -> Proof:
        parts = [f"{len(kept.added)} new", f"{len(kept.widened)} stronger", f"{len(kept.renamed)} renamed or split"]
        held = (
            "no job of its checks that may run it holds a secret, or a token that can do more than read the repository"
        )
        where = held if has_workflows(base) else "the base has no automatic checks"
        why = (
            f"every old test is kept ({', '.join(parts)}), the base collects the file as a test and {where}; "
            "a run before and after shows that all pass, reach nothing and notice no less"
        )
        found = self._said(file, why, ProofStatus.PROVEN)
        extra = (("inputs_digest", run.inputs_digest), ("tool", run.tool), ("tool_digest", run.tool_digest))
        return replace(found, witness=tuple(sorted((*found.witness, *extra, *summary(run.output)))))

    def _judged(self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> tuple[Proof | None, Kept]:
        """All but the run: what stands in the way, or what is kept."""
        nothing = Kept()
        try:
            before, after = _trees(file)
            kept = compare(before, after, Project(base=base), file.path)
        except Objection as found:
            status = ProofStatus.REFUTED if base.known else ProofStatus.UNKNOWN
            return self._said(file, str(found), status), nothing
        except UnreadableError as error:
            return self._said(file, str(error), ProofStatus.UNKNOWN), nothing
        why = _comments(file) or outside_tests(file, step)
        if why is not None:
            return self._said(file, why, ProofStatus.REFUTED), nothing
        if not base.known:
            unknown = "without the repository nobody knows what collects or imports this file"
            return self._said(file, unknown, ProofStatus.UNKNOWN), nothing
        why = why_not_collected(file, base) or why_not_secretless(base) or _chosen(file, kept, base)
        return (None if why is None else self._said(file, why, ProofStatus.REFUTED)), kept

    def _said(self, file: ChangedFile, why: str, status: ProofStatus) -> Proof:
        return proof(self.name, self.change_class, file, why, status)


def _trees(file: ChangedFile) -> tuple[ast.Module | None, ast.Module]:
    old, new = file.change.before, file.change.after
    if new is None:
        raise Objection(1, "the whole file of tests is gone", old=True)
    if python.head_of(old or b"") != python.head_of(new):
        raise Objection(1, "the interpreter line or the encoding line changes")
    for side in (old, new):
        if side is not None and python.SCRIPT_BLOCK.search(side):
            raise UnreadableError("it is a script with a header")
    return (None if old is None else python.read_tree(old)), python.read_tree(new)


def _comments(file: ChangedFile) -> str | None:
    """A comment that comes or goes and is no plain prose, at its line."""
    sides = [python.LANGUAGE.read(side or b"") for side in (file.change.before, file.change.after)]
    texts = [[one.text for one in side.comments] for side in sides]
    for at, side in enumerate(sides):
        for one, line in zip(side.comments, side.comment_lines, strict=True):
            if texts[at].count(one.text) != texts[1 - at].count(one.text):
                why = why_not_prose(one.text.lstrip("#"))
                if why is not None:
                    where = f"line {line}" if at else f"line {line} of the old file"
                    return f"{where}: the comment `{one.text[:60]}` {why}"
    return None


def _chosen(file: ChangedFile, kept: Kept, base: BaseTree) -> str | None:
    """What chooses tests by name where one gets another name."""
    if not kept.renamed:
        return None
    for path, text in sorted(base.files.items()):
        found = CHOOSES.search(text)
        if found is not None and not path.lower().endswith((".md", ".rst", ".txt")):
            return f"`{path}` chooses tests by name (`{found[0].strip()}`), and names change here"
        named = next((name for name in kept.renamed if name.rpartition("::")[2] in text), None)
        if named is not None and path != file.path:
            return f"`{path}` names the test `{named}`, which gets another name"
    return None


PROVER: Final = Tests()
