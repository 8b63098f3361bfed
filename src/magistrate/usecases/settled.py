"""What two people agreed to as a whole still stands: when a later change wakes it, it counts again.

Rule kept (R32, invariant 4): agreeing to a whole ends the count for what stands by itself, and for nothing else. A later
change that writes, other than harmlessly, a file for whose sake two were asked, or one that such a file and it name, or that
comes with it to something that neither shows, is judged from the state before both.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.domain.impact import LOW, PEOPLE, ChangeClass, FileChange, Strictness
from magistrate.wire.assessment import Verdict

AGAIN: Final = "two people agreed to what was written here before, and this writes it again: judged as one change"
NAMES: Final = "two people agreed to a file that names this one, or is named by it: judged as one change"
WAKES: Final = "with what two people agreed to before this comes to more than either shows: "
MAX_NAMED: Final = 20
_MANY: Final = frozenset({Strictness.TWO, Strictness.DENY})
_FEW: Final = LOW | PEOPLE
_INERT: Final = frozenset({ChangeClass.COMMENTS, ChangeClass.FORMATTING})
_SAYS_NOTHING: Final = frozenset({"__init__", "index", "main", "mod", "lib"})
_WORD: Final = re.compile(r"[A-Za-z0-9_]+")
_LONG: Final = 5
_KEYWORDS: Final = """async await break catch class const continue default export exports extends false finally float function
import interface lambda module nonlocal package print private public raise require return static string struct super switch
throw throws undefined using while yield False"""
"""Of programming languages: that a file has them says nothing of what it has to do with another."""
Key = tuple[str, ...]


def woken(
    whole: Verdict, agreed: Verdict, fresh: Sequence[Verdict], nets: tuple[Sequence[FileChange], Sequence[FileChange]]
) -> tuple[tuple[str, str], ...]:
    """Paths and words where what is settled counts again; empty where it stands by itself. The path is empty for the whole.

    `whole` is all of it as one change, `agreed` what was agreed to alone, `fresh` the verdicts on the rest; `nets` are what
    was agreed to and the rest as changes.
    """
    settled, rest = nets
    live, asking = touched(fresh), _asking(agreed, frozenset(one.path for one in settled))
    found = [(path, AGAIN) for path in sorted(live & asking)]
    moved = [_Added.of(one) for one in rest if one.path in live - asking]
    held = [_Added.of(one) for one in settled if one.path in asking]
    found += [(one.path, NAMES) for one in moved if any(one.meets(other) for other in held)]
    more = said(whole)
    for verdict in (agreed, *fresh):
        more -= said(verdict)
    found += [("", WAKES + ", ".join(key)) for key in sorted(more)]
    return tuple(found[:MAX_NAMED])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Added:
    """The words of the lines that a change of one file brings, those that the file has, and those that it did not have at all."""

    path: str
    words: str
    held: frozenset[str]
    new: frozenset[str]

    @classmethod
    def of(cls, change: FileChange) -> _Added:
        """Read both sides as words; what is no text has few."""
        before, after = (_text(side) for side in (change.before, change.after))
        known = frozenset(before.splitlines())
        words = _WORD.findall("\n".join(line for line in after.splitlines() if line not in known))
        held = frozenset(_WORD.findall(after)) or frozenset(_WORD.findall(before))
        new = (
            frozenset(word for word in words if len(word) >= _LONG)
            - frozenset(_WORD.findall(before))
            - frozenset(_KEYWORDS.split())
        )
        return cls(path=change.path, words=f" {' '.join(words)} ", held=held, new=new)

    def meets(self, other: _Added) -> bool:
        """Whether one names the other's file, or a word that the other brought."""
        named = f" {_stem(other.path)} " in self.words or f" {_stem(self.path)} " in other.words
        return named or not other.new.isdisjoint(self.held)


def _text(side: bytes | None) -> str:
    return "" if side is None else side.decode("utf-8", "replace")


def _stem(path: str) -> str:
    """The words by which a file is named: without its ending, or its folder's where the name says nothing."""
    parts = path.split("/")
    stem = parts[-1].lstrip(".").partition(".")[0]
    if stem in _SAYS_NOTHING and len(parts) > 1:
        stem = parts[-2]
    return " ".join(_WORD.findall(stem)) or path


def touched(verdicts: Iterable[Verdict]) -> frozenset[str]:
    """Files that no proof shows to do nothing; a page that newly says something may be read by a program."""
    return frozenset(
        one.path
        for verdict in verdicts
        for one in verdict.files
        if one.change_class not in LOW or (one.asks is not Strictness.AUTO and one.change_class not in _INERT)
    )


def _asking(agreed: Verdict, written: frozenset[str]) -> frozenset[str]:
    """The files for whose sake two people were asked; all of them where that cannot be told."""
    if agreed.strictness not in _MANY:
        return frozenset()
    paths = {one.path for one in agreed.sensitivities if one.kind not in _FEW}
    paths |= {one.path for one in agreed.denials} | {one.path for one in agreed.no_way_back}
    paths |= {one.path for one in agreed.privilege if one.verdict not in {"unchanged", "narrowed"}}
    paths |= {one.path for one in agreed.files if one.change_class not in _FEW}
    return frozenset(paths) if paths and paths <= written else written


def said(verdict: Verdict) -> Counter[Key]:
    """What a verdict says that asks for people, with how often; lines move, so they are left out."""
    keys: list[Key] = [(one.change_class, one.path) for one in verdict.files]
    keys += [(one.kind, one.path, one.why) for one in (*verdict.sensitivities, *verdict.denials)]
    keys += [(one.domain, one.verdict, one.who, one.gains) for one in verdict.privilege]
    keys += [(one.operation, one.path, one.why) for one in verdict.no_way_back]
    keys += [("secret", one.name, *one.consumers, *one.opens) for one in verdict.secrets]
    return Counter(keys)


def counts_again(verdicts: Iterable[Verdict]) -> bool:
    """Whether one of these verdicts was given because what is settled counts again."""
    return any(
        one.why in {AGAIN, NAMES} or one.why.startswith(WAKES) for found in verdicts for one in found.sensitivities
    )
