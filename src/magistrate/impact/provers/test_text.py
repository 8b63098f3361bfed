"""Claim: a file that a runner of the base takes for a test, and that nothing else loads (R20). One person judges it.

The claim is what the file is, not that it checks as much as before: what goes or changes is said
first, at its line. Rule kept: the role comes from the base tree (`testing/roles.py`), never from the
path alone; a test that goes, is skipped or says nothing, and one that newly runs, decodes or calls
out, is not for one reader. Limits: what a test does is not followed; where its checks may hold
secrets, that is said, and weighed only where it reads the whole environment or calls out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from magistrate.domain.impact import ChangeClass, Evidence, EvidenceRequest, Proof, ProofStatus, Strictness
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.equality import pinned_by, proof, taken_in_by
from magistrate.impact.languages import python
from magistrate.impact.languages.known import PROGRAMS
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.testing.lists import is_list, why_no_list
from magistrate.impact.testing.roles import MEMBER, tests_of, why_new_import, why_no_role
from magistrate.impact.testing.weakening import weaker, why_two
from magistrate.impact.testing.workflows import has_workflows, why_not_secretless

RUNNER_FILES: Final = rx(
    r"(?i)(?:^|/)(?:(?:jest|vitest|vite|mocha|karma|playwright|ava|cypress|web-test-runner)\.(?:config|setup|conf)[^/]*|\.(?:mocharc|taprc|jasmine|rspec)[^/]*|conftest\.py|"
    r"\.?pytest\.(?:ini|toml)|tox\.ini|setup\.cfg|phpunit[^/]*\.xml[^/]*|(?:spec|test|rails)_helper\.rb|junit-platform\.properties|\.config/nextest\.toml)\Z"
)
"""Files whose only or usual business is how tests are found and run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestText:
    """A test by its role in the base, whatever it says now."""

    __test__ = False

    name: str = "test-text/1"
    change_class: ChangeClass = ChangeClass.TESTS

    def applies(self, file: ChangedFile) -> bool:
        """Program text by its name; the base has the last word."""
        return (MEMBER.search(file.path) is not None or is_list(file.path)) and not file.binary

    def wants(self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> tuple[EvidenceRequest, ...]:
        """Nothing: the proof is static."""
        del file, step, base
        return ()

    def needs_base(self) -> bool:
        """Yes: only the base says what is a test."""
        return True

    def prove(
        self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree, evidence: Sequence[Evidence]
    ) -> Proof:
        """Proven when the base runs it as a test and nothing else, and no test goes, is skipped or does more."""
        del evidence
        if not base.known:
            unknown = "without the repository nobody knows what runs or loads this file"
            return self._said(file, unknown, ProofStatus.UNKNOWN)
        if is_list(file.path):
            why = _exact(file, base) or why_no_list(file, step, base, tests_of(base)) or _steered(file, step)
        else:
            why = (
                _exact(file, base)
                or why_no_role(file, step, base)
                or _steered(file, step)
                or _unread(file)
                or why_two(file, base)
                or why_new_import(file, base)
            )
        if why is not None:
            return self._said(file, why, ProofStatus.REFUTED)
        secret = why_not_secretless(base) if has_workflows(base) else None
        where = f"; it may run where there are secrets: {secret}" if secret else ""
        said = f"{weaker(file)}a test by its role in the base, which nothing else loads: one person judges it{where}"
        return self._said(file, said, ProofStatus.PROVEN)

    def _said(self, file: ChangedFile, why: str, status: ProofStatus) -> Proof:
        return replace(proof(self.name, self.change_class, file, why, status), asks=Strictness.ONE)


def _exact(file: ChangedFile, base: BaseTree) -> str | None:
    """Who in the base takes the exact text of this file."""
    if (reader := taken_in_by(file, base)) is not None:
        return f"`{reader}` takes in the text of a file like this"
    pinned = pinned_by(file.change.before or b"", base)
    return None if pinned is None else f"`{pinned}` pins the digest of these exact bytes"


def _steered(file: ChangedFile, step: Sequence[ChangedFile]) -> str | None:
    """What else of the change says how tests are found and run: then the base alone does not."""
    other = next((one.path for one in step if one.path != file.path and RUNNER_FILES.search(one.path)), None)
    return None if other is None else f"`{other}` changes with it, which says what tests are and how they run"


def _unread(file: ChangedFile) -> str | None:
    """What its language does not read, on either side; nothing where there is no reader."""
    language = next((one for one in PROGRAMS if one.reads(file.name)), None)
    if language is None:
        return None
    try:
        for side in (file.change.before, file.change.after):
            if side is not None:
                (python.read_tree if language is python.LANGUAGE else language.read)(side)
    except UnreadableError as error:
        return f"it is not read as a program: {error}"
    return None


PROVER: Final = TestText()
