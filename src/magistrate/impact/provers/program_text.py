"""Claim: ordinary program text that the front ends of its language read; what it does may change.

This claim lowers a file from `unknown` (two people) to `code` (one), never to a low class. What
is sensitive in it is for the sensors to raise; what runs other programs or code, what may make a
test weaker and what may be a template stays `unknown`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.domain.impact import ChangeClass, Evidence, Proof, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.equality import SourceClaim, proof
from magistrate.impact.languages import python
from magistrate.impact.languages.known import PROGRAMS
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.running_words import RUNS_MORE, RUNS_MORE_EXACTLY, STARTS_PROCESS, TEST_PLACE

CHECKS: Final = rx(
    r"(?i)\b(?:assert\w*|expect\w*|require\w*|should\w*|verify\w*|check\w*|fail\w*|raises|throws|t\.(?:error|fatal)\w*)\b"
)
SKIPS: Final = rx(
    r"(?i)\b(?:skip\w*|xfail|xit|xdescribe|todo|only|ignore\w*|disabled|return|exit|pass|catch|except|suppress)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramText(SourceClaim):
    """Both sides are programs (R16: content, not path, says so).

    `readable` raises `UnreadableError`. Where the reference parser of a language is at hand it
    alone says what a program is; otherwise two front ends have to agree.
    """

    readable: Callable[[bytes], object]
    change_class: ChangeClass = ChangeClass.CODE

    @property
    def name(self) -> str:
        """`<language>-code/1`."""
        return f"{self.language.name}-code/1"

    def needs_base(self) -> bool:
        """For new files: a name may shadow another."""
        return True

    def prove(
        self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree, evidence: Sequence[Evidence]
    ) -> Proof:
        """Proven when each side that exists is read, and nothing speaks for more than ordinary code."""
        del step, evidence
        if file.change.before is None and file.change.after is not None and not base.known:
            why = "the file is new: only the repository says what its name may shadow"
            return proof(self.name, self.change_class, file, why, ProofStatus.UNKNOWN)
        found = _shadowing(file, base) or _telling_line(file) or self._unreadable(file)
        if found is not None:
            return proof(self.name, self.change_class, file, found, ProofStatus.REFUTED)
        said = "ordinary program text, read by its parsers: what it does may change, and one person has to agree"
        return proof(self.name, self.change_class, file, said, ProofStatus.PROVEN)

    def _unreadable(self, file: ChangedFile) -> str | None:
        before, after = file.change.before, file.change.after
        if after is None:
            return "the file is deleted as a whole"
        try:
            for side in (before, after):
                if side is not None:
                    self.readable(side)
            difference = self.language.same_program(after, after)
        except UnreadableError as error:
            return str(error)
        return None if difference is None else difference.why


def _shadowing(file: ChangedFile, base: BaseTree) -> str | None:
    if file.change.before is not None:
        return None
    other = next((path for path in base.files if path.casefold() == file.path.casefold()), None)
    return None if other is None else f"the file is new, and its name differs from `{other}` by case only"


def _telling_line(file: ChangedFile) -> str | None:
    test = TEST_PLACE.search(file.path) is not None
    for line in file.lines:
        why = _line_objection(line.text, added=line.added, test=test, rust=file.name.endswith(".rs"))
        if why is not None:
            return f"line {line.number} {why}"
    return None


def _line_objection(text: str, *, added: bool, test: bool, rust: bool) -> str | None:
    found = RUNS_MORE.search(text) or RUNS_MORE_EXACTLY.search(text) or (not rust and STARTS_PROCESS.search(text))
    if found:
        return f"has `{found[0]}`, which may run, load or decode something else"
    if test and not added and CHECKS.search(text):
        return "takes a check of a test away or changes it: the test may get weaker"
    if test and added and (found := SKIPS.search(text)):
        return f"has `{found[0]}` in a test, which may leave checks out"
    return None


REFERENCE: Final[dict[str, Callable[[bytes], object]]] = {python.LANGUAGE.name: python.read_tree}
"""Languages of which the reference parser itself is at hand."""
PROVERS: Final = tuple(
    ProgramText(language=language, readable=REFERENCE.get(language.name, language.read)) for language in PROGRAMS
)
