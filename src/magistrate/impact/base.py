"""What provers and sensors are, and what they may look at.

Rule kept (invariant 3): a prover returns a Proof and can only lower, a sensor returns
Sensitivities and can only raise; both are pure: bytes in, values out. What they do not know
they do not assume: `BaseTree.known` is false without a repository.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import Final, Protocol

from magistrate.domain.impact import ChangeClass, Evidence, EvidenceRequest, FileChange, Proof, Sensitivity
from magistrate.impact.compiled import rx
from magistrate.impact.earlier import Earlier
from magistrate.impact.vocabulary import words_in

MAX_DIFF_LINES: Final = 4_000
MAX_LINE: Final = 4_000
NEAR: Final = 8
PROSE: Final = rx(r"(?i)\.(?:md|markdown|rst|adoc)\Z")
LAYOUT_TOKEN: Final = rx(r"\w+|[^\w\s,'\"]")
COMMENT: Final = rx(
    r"\s*(?:#(?!\s*(?:include|define|if|ifdef|ifndef|endif|else|elif|pragma)\b|\[|!)|//|/?\*(?!\S*\s+@)|--\s|;|<!--|%\s|\"{3}|\'{3}|\Z)"
)
LICENCE: Final = rx(
    r"(?i)governing permissions and\b|\bpermission is hereby granted\b|\bpermission notice shall be included\b|\bcopyright (?:owners?|holders?)\b|"
    r"\bwarrant(?:y|ies) of merchantability\b|\bfitness for a particular purpose\b|\blimitations under the license\b"
)
KEPT_TEXTS: Final = 16_384
"""Texts of which is kept what was found in them; bases that follow each other share most. A base with more texts than
that finds nothing kept, for the texts are gone through in order: the oldest is forgotten just before it is asked for."""
READABLE: Final = rx(rb"[\t\x20-\x7e]{6,}|(?:[\t\x20-\x7e]\0){6,}")
"""What a person could read in bytes that are no text: as `strings` finds it, in ASCII and in UTF-16."""


def sha256_hex(content: bytes) -> str:
    """Lower-case hexadecimal SHA-256."""
    return hashlib.sha256(content).hexdigest()


@lru_cache(maxsize=KEPT_TEXTS)
def in_lower_case(text: str) -> str:
    """The same text in lower case, made once for all the bases that have it."""
    return text.lower()


@dataclass(frozen=True, kw_only=True)
class BaseTree:
    """Other text files of the base tree; `known` only where the whole tree is at hand.

    `earlier` are facts of the history behind it, where a base commit was named. `links` are symbolic links
    with their targets, `opaque` what else is there and is no text.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    known: bool = False
    earlier: Earlier | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    opaque: frozenset[str] = frozenset()

    @cached_property
    def lowered(self) -> Mapping[str, str]:
        """The same texts in lower case, made once."""
        return {path: in_lower_case(text) for path, text in self.files.items()}

    @cached_property
    def pins_found(self) -> dict[bytes, str | None]:
        """Contents that were looked for already, and the file that pins each; several provers ask the same."""
        return {}

    @cached_property
    def readers_found(self) -> dict[str, str | None]:
        """Pages that were asked about already, and who reads each (`impact/reachability.py`)."""
        return {}

    @cached_property
    def looked_up(self) -> dict[str, object]:
        """What a search over the whole tree found, by what was searched for."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedLine:
    """One line that only one side has; `number` is 1-based on its own side."""

    number: int
    text: str
    added: bool


@dataclass(frozen=True, kw_only=True)
class ChangedFile:
    """A file change with the text views that every prover and sensor needs."""

    change: FileChange

    @property
    def path(self) -> str:
        """Path inside the repository."""
        return self.change.path

    @property
    def name(self) -> str:
        """Last component, lower case."""
        return self.path.rsplit("/", 1)[-1].lower()

    @property
    def parts(self) -> tuple[str, ...]:
        """Components, lower case."""
        return tuple(self.path.lower().split("/"))

    @cached_property
    def binary(self) -> bool:
        """Whether a side has a NUL byte: no proof reads it, and its lines have no numbers."""
        return any(b"\0" in side for side in (self.change.before, self.change.after) if side is not None)

    @cached_property
    def before(self) -> str:
        """Old text; undecodable bytes are shown as replacement characters, of a binary the readable pieces."""
        return self._text(self.change.before)

    @cached_property
    def after(self) -> str:
        """New text, shown like the old one."""
        return self._text(self.change.after)

    def _text(self, content: bytes | None) -> str:
        if content is None:
            return ""
        if not self.binary:
            return content.decode("utf-8", "replace")
        return b"\n".join(found.replace(b"\0", b"") for found in READABLE.findall(content)).decode()

    @cached_property
    def lines(self) -> tuple[ChangedLine, ...]:
        """Lines of one side only, old ones first within each place; of a binary all are at line 0, the whole file."""
        found = changed_lines(self.before, self.after)
        return tuple(replace(line, number=0) for line in found) if self.binary else found

    @cached_property
    def added(self) -> tuple[ChangedLine, ...]:
        """Lines that only the new side has."""
        return tuple(line for line in self.lines if line.added)

    @cached_property
    def changed_text(self) -> tuple[str, tuple[int, ...], bool]:
        """The changed lines, each cut at `MAX_LINE`, as one text; where each starts; whether it is ASCII.

        ASCII text is given in lower case.
        """
        return joined(self.lines)

    @cached_property
    def code_lines(self) -> tuple[ChangedLine, ...]:
        """Changed lines that are no comment; none in prose, and none where both sides have the same tokens in order."""
        if PROSE.search(self.path):
            return ()
        sides: dict[bool, list[str]] = {False: [], True: []}
        for line in self.lines:
            sides[line.added] += LAYOUT_TOKEN.findall(line.text[:MAX_LINE])
        if sides[False] == sides[True]:
            return ()
        return tuple(line for line in self.lines if not COMMENT.match(line.text))

    @cached_property
    def code_text(self) -> tuple[str, tuple[int, ...], bool]:
        """The same as `changed_text` of the lines that are code."""
        return joined(self.code_lines)

    @cached_property
    def all_words(self) -> Mapping[str, str]:
        """The words of all changed lines, comments and prose too."""
        return words_in("\n".join(line.text[:MAX_LINE] for line in self.lines))

    @cached_property
    def words(self) -> tuple[Mapping[str, str], str]:
        """The words of the lines that are code, each with a token that has it, and the text they are found in."""
        text = "\n".join(line.text[:MAX_LINE] for line in self.code_lines)
        return words_in(text), text

    @cached_property
    def words_near(self) -> Mapping[str, str]:
        """The words of all lines at most `NEAR` away from a changed line of code, on either side."""
        kept: list[str] = []
        for text, added in ((self.before, False), (self.after, True)):
            lines = text.split("\n")
            wanted: set[int] = set()
            for line in self.code_lines:
                if line.added is added:
                    wanted.update(range(max(0, line.number - 1 - NEAR), min(len(lines), line.number + NEAR)))
            kept += [lines[at][:MAX_LINE] for at in sorted(wanted) if not _of_licence(lines[at])]
        return words_in("\n".join(kept))

    @property
    def both_texts(self) -> tuple[str, str]:
        """Old and new text."""
        return self.before, self.after


def _of_licence(line: str) -> bool:
    """Whether a line is a comment with a sentence of the usual licences, which speak of rights, owners and ability."""
    return COMMENT.match(line) is not None and LICENCE.search(line[:MAX_LINE]) is not None


def joined(lines: Sequence[ChangedLine]) -> tuple[str, tuple[int, ...], bool]:
    """Lines, each cut at `MAX_LINE`, as one text; where each starts; whether it is ASCII and so in lower case."""
    cut = [line.text[:MAX_LINE] for line in lines]
    text = "\n".join(cut)
    starts = tuple(accumulate((len(line) + 1 for line in cut[:-1]), initial=0))
    return (text.lower(), starts, True) if text.isascii() else (text, starts, False)


def changed_lines(before: str, after: str) -> tuple[ChangedLine, ...]:
    """Line difference; beyond `MAX_DIFF_LINES` every line between the common ends counts."""
    old, new = before.split("\n"), after.split("\n")
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    a, b = old[head : len(old) - tail], new[head : len(new) - tail]
    blocks: Iterable[tuple[int, int, int, int]]
    if max(len(a), len(b)) > MAX_DIFF_LINES:
        blocks = [(0, len(a), 0, len(b))]
    else:
        codes = SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
        blocks = [(i1, i2, j1, j2) for tag, i1, i2, j1, j2 in codes if tag != "equal"]
    found: list[ChangedLine] = []
    for i1, i2, j1, j2 in blocks:
        found += [ChangedLine(number=head + i + 1, text=a[i], added=False) for i in range(i1, i2)]
        found += [ChangedLine(number=head + j + 1, text=b[j], added=True) for j in range(j1, j2)]
    return tuple(found)


class Prover(Protocol):
    """May lower a file, with a proof about its bytes."""

    @property
    def name(self) -> str:
        """Rule name with version, such as `python-comments/1`."""

    @property
    def change_class(self) -> ChangeClass:
        """The low class that it can prove."""

    def applies(self, file: ChangedFile) -> bool:
        """Whether this prover reads such a file at all."""

    def wants(self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> tuple[EvidenceRequest, ...]:
        """Tool runs without which it cannot decide."""

    def needs_base(self) -> bool:
        """Whether it can prove nothing without the base tree."""

    def prove(
        self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree, evidence: Sequence[Evidence]
    ) -> Proof:
        """Decide; anything but certainty is refuted or unknown."""


class Sensor(Protocol):
    """May raise a file: names what is sensitive, at its line."""

    @property
    def name(self) -> str:
        """Stable name, such as `ci_cd`."""

    def sense(self, file: ChangedFile, base: BaseTree) -> Iterable[Sensitivity]:
        """Every sensitive thing the change touches."""
