"""Claim: the change takes back what has landed, exactly; one person judges whether that is wanted.

Two shapes are proven from facts of the first-parent history (ADR 0014): the whole result tree is the tree of an
earlier commit; or every path of one landed commit, and no other, returns to the very blob and mode that it had
before that commit, from the very blob and mode that the commit gave it. Rule kept: never low; sensors still raise,
so that what is sensitive stays with two people. It refuses what was taken back for a reason: a commit that speaks of
security, checks that go away outside of tests, code that runs other code and comes back; pins of dependencies, which
keep their own proof; programs that no front end reads, and settings; and what is too far back to be judged.
Known limits: a fix whose words and lines say nothing of security is a revert like any other, for one person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from magistrate.domain.impact import ChangeClass, Evidence, EvidenceRequest, Proof, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.dependencies.known import reader_of
from magistrate.impact.earlier import Earlier, Landed
from magistrate.impact.equality import proof
from magistrate.impact.languages.known import PROGRAMS
from magistrate.impact.running_words import RUNS_MORE, RUNS_MORE_EXACTLY, TEST_PLACE
from magistrate.impact.undone import MAY_BE_SAFETY, said_for_safety, taken_back, whole

MAX_UNDONE: Final = 30
"""Landed commits that one person can be asked to judge the absence of."""
SHOWN: Final = 3
MAX_SUBJECT: Final = 72
DATA: Final = rx(r"(?i)\.(?:md|markdown|rst|adoc|css|scss|sass|less|po|pot|strings|snap)\Z")
"""Files that run and set nothing; of programs only those come in that have a front end."""
KEEPS_SAFE: Final = rx(
    r"(?i)\b(?:raise|throws?|panic|abort|assert\w*|reject\w*|den(?:y|ied)|forbid\w*|refus\w*|invalid\w*|valid(?:at)?\w*|verif\w*|"
    r"check\w*|guard\w*|limit\w*|max\w*|bound\w*|escap\w*|sanit\w*|allow\w*|block(?:ed|list)\w*|secur\w*|safe\w*|trust\w*|"
    r"sign(?:ed|ature)\w*|hash\w*|crypt\w*|token\w*|auth\w*|permi\w*|acl|roles?|admin\w*|secret\w*|password\w*|timeout\w*|"
    r"lock\w*|mutex|atomic\w*|nonce|csrf|cors|origin|redirect\w*|cookie\w*|session\w*|audit\w*|prepare\w*|quot\w*|html/template)\b"
)
"""Words of a line whose absence may take a check away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverts:
    """The result was live before, as a whole or in all paths of one landed commit."""

    name: str = "revert/1"
    change_class: ChangeClass = ChangeClass.REVERT

    def applies(self, file: ChangedFile) -> bool:
        """Programs that a front end reads, pages, styles, translations and snapshots; pins have a proof of their own."""
        told = DATA.search(file.path) is not None or any(one.reads(file.name) for one in PROGRAMS)
        return told and reader_of(file.path) is None

    def wants(self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> tuple[EvidenceRequest, ...]:
        """Nothing: the proof is static."""
        del file, step, base
        return ()

    def needs_base(self) -> bool:
        """No: the history comes before the files of the base tree do."""
        return False

    def prove(
        self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree, evidence: Sequence[Evidence]
    ) -> Proof:
        """Proven when the history says that this was live, and nothing speaks for a reason to keep it away."""
        del evidence
        if base.earlier is None:
            why = "no landed commit is known that this takes back"
            return self._said(file, why, ProofStatus.UNKNOWN)
        undone, live = taken_back(base.earlier, step)
        if live is None:
            why = "it takes back no landed commit exactly"
            return self._said(file, why, ProofStatus.REFUTED)
        found = _too_much(undone) or _spoken_of(undone) or _keeps_safe(file)
        if found is not None:
            return self._said(file, found, ProofStatus.REFUTED)
        said = self._said(file, _words(undone, live, base.earlier), ProofStatus.PROVEN)
        kind = "tree" if whole(base.earlier) else "inverse"
        more = (("landed", live.commit), ("shape", kind), ("undone", str(len(undone))))
        return replace(said, witness=tuple(sorted((*said.witness, *more))))

    def _said(self, file: ChangedFile, why: str, status: ProofStatus) -> Proof:
        return proof(self.name, self.change_class, file, why, status)


def speaks_of(earlier: Earlier) -> bool:
    """Whether these facts are about something that is taken back."""
    return not whole(earlier) or any(row.tree == earlier.result_tree for row in earlier.landed[1:])


def _too_much(undone: Sequence[Landed]) -> str | None:
    if len(undone) > MAX_UNDONE:
        return f"it takes back {len(undone)} landed commits, more than one person judges at once"
    return None


def _spoken_of(undone: Sequence[Landed]) -> str | None:
    found = said_for_safety(undone, MAY_BE_SAFETY)
    return None if found is None else f"{found}: it may have made something safe"


def _keeps_safe(file: ChangedFile) -> str | None:
    """A line outside of tests that goes and may have kept something safe, or that comes and may run something."""
    test = TEST_PLACE.search(file.path) is not None
    for line in file.code_lines:
        if line.added and (found := RUNS_MORE.search(line.text) or RUNS_MORE_EXACTLY.search(line.text)):
            return f"line {line.number} brings `{found[0]}` back, which may run, load or decode something else"
        if not line.added and not test and (found := KEEPS_SAFE.search(line.text)):
            return f"line {line.number} takes `{found[0][:40]}` away, which may have kept something safe"
    return None


def _words(undone: Sequence[Landed], live: Landed, earlier: Earlier) -> str:
    subjects = "; ".join(f"`{row.commit[:12]}` {_shown(row.subject)}" for row in undone[:SHOWN])
    more = f"; and {len(undone) - SHOWN} more" if len(undone) > SHOWN else ""
    if whole(earlier):
        count = f"{len(undone)} landed commit{'s' if len(undone) > 1 else ''}"
        return f"the whole tree is again that of `{live.commit[:12]}`, which takes {count} back: {subjects}{more}"
    return f"every path of one landed commit, and no other, is again as before it: {subjects}"


def _shown(subject: str) -> str:
    """A subject as a quotation: on one line, short, in plain characters."""
    plain = "".join(sign if sign.isascii() and sign.isprintable() and sign != "`" else "?" for sign in subject)
    return f'"{plain[:MAX_SUBJECT]}{"..." if len(plain) > MAX_SUBJECT else ""}"'


PROVER: Final = Reverts()
