"""Checks on exactly the result tree, before any credential exists, and what their passing is worth.

Rule kept (R57): a check that fails refuses. A check that passes vouches for the change only where the change cannot
influence it: one that touches its tests, what configures or silences it, or how things are built, decides for itself what
the check sees. Such a change is told as unverified, which counts as a failure wherever trust is earned.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.executor.casebook import Casebook
from magistrate.executor.ports import CheckRunner, Found, Scanned, Seen
from magistrate.executor.rows import JournalStep
from magistrate.executor.work import Work
from magistrate.wire.assessment import FileVerdict, Verdict
from magistrate.wire.journal_entry import StepStatus

NOBODY: Final = "nobody"
"""Who vouches for a change that only checks looked at which it can influence."""
_WORDS: Final = frozenset({ChangeClass.FORMATTING, ChangeClass.COMMENTS, ChangeClass.DOCS})
"""Classes that are proven to change nothing that runs, wherever they stand."""
_SILENCING: Final = frozenset({ChangeClass.GATE, ChangeClass.CI_CD})
"""What sensors say of a line that silences or steers a check."""
_SOURCE: Final = re.compile(
    r"(?i)\.(?:py|pyi|js|mjs|cjs|jsx|ts|mts|cts|tsx|go|java|kt|rs|c|h|cc|cpp|hpp|rb|php|cs|swift|scala)\Z"
)
_CHECKED_BY: Final = re.compile(
    r"(?i)(?:^|/)(?:conftest|(?:site|user)customize|setup|noxfile|tasks|fabfile|build|buildfile|gulpfile|gruntfile|magefile|rakefile)\.\w+\Z"
    r"|\.(?:config|conf|setup|rc)\.\w+\Z|(?:^|/)(?:\.|(?:tests?|__tests__|__mocks__|spec|specs|testing|testdata|fixtures|e2e|ci|scripts|tools|build|hack)/)"
    r"|(?:^|/)(?:test_[^/]*|[^/]*(?:_test|_spec|\.test|\.spec|_tests|_specs|\.cy|(?-i:Tests?|Specs?|IT)))\.\w+\Z"
)
"""Source that belongs to tests, to the settings of a check or to the build, by where it stands."""


class Checks:
    """Runs what the policy asks for on the result tree, and writes down what was seen and what it is worth."""

    def __init__(self, *, book: Casebook, runner: CheckRunner) -> None:
        self._book = book
        self._runner = runner

    def refused_because(self, work: Work, verdict: Verdict, finding: str) -> str:
        """Run every check, then the scan again; why the change is refused, or nothing.

        Raises:
            Unavailable: there are no walls to run behind, or the journal cannot be written.
        """
        steered = steered_by(verdict)
        for command in work.checks:
            self._started(work, command.command)
            seen = self._runner.run(work.row.repository, work.row.result_tree, command)
            self._done(work, command.command, seen, steered)
            if not seen.held:
                return f"the check `{command.command}` failed on the result tree"
        return self._rescanned(work, steered, finding)

    def _rescanned(self, work: Work, steered: str, finding: str) -> str:
        command, row = work.rescan, work.row
        if command is None:
            return ""
        self._started(work, command.command)
        before = self._runner.scan(row.repository, row.base_tree, command)
        after = self._runner.scan(row.repository, row.result_tree, command)
        seen, unseen = gone(finding, before, after)
        self._done(work, command.command, seen, steered or unseen)
        return "" if seen.held else f"the scan `{command.command}`: {seen.seen}"

    def _started(self, work: Work, name: str) -> None:
        self._book.step(work.name, JournalStep.CHECKS_STARTED, StepStatus.INTENT, {"check": name})

    def _done(self, work: Work, name: str, seen: Seen, worthless: str) -> None:
        facts = {"check": name, "passed": "yes" if seen.held else "no", "seen": seen.seen[:2000]}
        facts["vouches"] = "yes" if seen.held and not worthless else "no"
        if worthless:
            facts["because"] = worthless
        self._book.step(work.name, JournalStep.CHECKS_DONE, StepStatus.DONE, facts)

    def vouched_by(self, execution: str) -> tuple[str, ...]:
        """The checks that passed and that the change could not influence, from the journal."""
        done = (e.body for e in self._book.journal.entries(execution) if e.body.step == JournalStep.CHECKS_DONE)
        return tuple(body.facts["check"] for body in done if body.facts.get("vouches") == "yes")


def vouching(verification: Mapping[str, str], checks: tuple[str, ...]) -> str:
    """Who vouches for an applied change: live probes that held, checks that it cannot influence, or nobody."""
    probes = ("the live probes",) if verification.get("probes", "0") != "0" else ()
    state = ("a look at the system",) if "state" in verification else ()
    return ", ".join((*probes, *state, *(f"`{one}`" for one in checks))) or NOBODY


def steered_by(verdict: Verdict) -> str:
    """In words, what of a change decides what a check sees; empty when nothing does."""
    if not verdict.files:
        return "the verdict names no file"
    silenced = {one.path for one in verdict.sensitivities if one.kind in _SILENCING}
    paths = [one.path for one in verdict.files if one.path in silenced or not _only_looked_at(one)]
    return f"the change itself touches `{min(paths)[:200]}`, which may decide what a check sees" if paths else ""


def _only_looked_at(file: FileVerdict) -> bool:
    """Whether a file is proven words, or source of the product: all else may be what a check is made of."""
    product = _SOURCE.search(file.path) is not None and _CHECKED_BY.search(file.path) is None
    return file.change_class in _WORDS or product


def gone(finding: str, before: Scanned, after: Scanned) -> tuple[Seen, str]:
    """Whether a finding that the scan of the base shows is no longer in that of the result; what makes that worthless.

    It is gone when its place is there less often, and its rule finds less in the whole tree: to move, rename or rewrite
    what was found does not make it go. A scan that cannot be read refuses; one that never showed the finding says nothing.
    """
    for name, scan in (("base", before), ("result", after)):
        if not scan.read:
            return Seen(held=False, seen=f"the scan of the {name} tree cannot be read: {scan.seen}"), ""
    known = next((one for one in before.found if one.finding == finding), None)
    if known is None:
        there = any(one.finding == finding for one in after.found)
        said = f"the scan does not show `{finding}` in the base tree"
        return Seen(held=not there, seen=said), said
    places = _count(before, known, place=True), _count(after, known, place=True)
    every = _count(before, known, place=False), _count(after, known, place=False)
    more = len(after.found) - len(before.found) + every[0] - every[1]
    said = f"`{known.rule}` found {every[0]} before and {every[1]} after, in this place {places[0]} and {places[1]}"
    if more > 0:
        said += f"; {more} more by other rules"
    held = places[1] < places[0] and every[1] < every[0]
    return Seen(held=held, seen=said if held else f"the finding is still there: {said}"), ""


def _count(scan: Scanned, known: Found, *, place: bool) -> int:
    return sum(one.rule == known.rule and (not place or one.text == known.text) for one in scan.found)
