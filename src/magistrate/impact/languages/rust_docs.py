"""Which documentation of Rust is prose: lines that rustdoc alone reads, in files whose attributes all belong to the language.

Documentation is an attribute. A derive or an attribute of somebody's crate may make help texts,
schemas or code of it; a macro gets it with the tokens it is given; what stands in a fence or is
indented as code is run as a test. So a line is prose only where every attribute and every derive of
the file is one of the language's own, outside of macros and of fences; all other lines are code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.languages.trees import Leaf

LINE: Final = rx(rb"/// {0,2}(?=[A-Za-z])")
"""Behind one blank: less indented than code, whatever the other lines of the block are."""
CODE_LINE: Final = rx(rb"///(?: {4}|\t| *\t| *<)")
FENCE: Final = rx(rb"/// {0,3}(?:```+|~~~+)[A-Za-z0-9_, -]*\Z")
FENCE_SIGN: Final = rx(rb"```|~~~")
ATTRIBUTES: Final = frozenset(
    b"allow warn deny forbid expect deprecated must_use inline cold no_mangle repr cfg test ignore should_panic bench "
    b"derive non_exhaustive track_caller target_feature default macro_use macro_export path global_allocator "
    b"no_std feature doc rustfmt clippy rustdoc".split()
)
"""Attributes of the language and its tools, by the first word; none of them makes code of documentation."""
DERIVES: Final = frozenset(b"Debug Clone Copy PartialEq Eq PartialOrd Ord Hash Default".split())
DERIVE_WORDS: Final = DERIVES | {b"derive", b"std", b"core", b"fmt", b"clone", b"cmp", b"hash", b"default", b"marker"}
STANDARD: Final = frozenset({b"std", b"core", b"alloc"})


def only_rustdoc_reads(content: bytes, tokens: Sequence[Leaf]) -> bool:
    """Whether no attribute, derive or import of a text brings a macro that is given documentation."""
    texts = [content[token.start : token.end] for token in tokens]
    depth = 0
    for at, text in enumerate(texts):
        depth += (text == b"{") - (text == b"}")
        if b"#" in text and texts[at + 1 : at + 2] == [b"["]:
            if text not in {b"#", b"#!"} or not _own(texts[at + 2 : _closed(texts, at + 1)]):
                return False
        elif text == b"use":
            end = next((n for n in range(at, len(texts)) if b";" in texts[n]), len(texts))
            if not _brings_no_macro(texts[at + 1 : end + 1], inline=depth > 0):
                return False
        elif text == b"crate" and at and texts[at - 1] == b"extern":
            return False
    return True


def _own(words: Sequence[bytes]) -> bool:
    """Whether an attribute, and every derive in it, is one of the language's own, and no documentation itself."""
    if not words or words[0] not in ATTRIBUTES or (words[0] == b"doc" and words[1:2] != [b"("]):
        return False
    return words[0] != b"derive" or {word for word in words if word[:1].isalpha()} <= DERIVE_WORDS


def _brings_no_macro(words: Sequence[bytes], *, inline: bool) -> bool:
    """Whether an import gives nothing the name of a derive or an attribute; `inline`: `super` is of the same file."""
    if words[:1] and words[0] in STANDARD:
        return b"as" not in words
    everything = any(b"*" in word for word in words)
    return not (DERIVES | ATTRIBUTES) & set(words) and (not everything or (inline and list(words[:1]) == [b"super"]))


def _closed(texts: Sequence[bytes], at: int) -> int:
    depth = 0
    for n in range(at, len(texts)):
        depth += texts[n] == b"["
        depth -= texts[n] == b"]"
        if depth == 0:
            return n
    return len(texts)


def prose_lines(run: Sequence[bytes]) -> list[bool]:
    """Which lines of a run of documentation are prose: none where what is code in it is not certain."""
    none = [False] * len(run)
    fenced: bytes | None = None
    found: list[bool] = []
    for line in run:
        if not line.startswith(b"///") or not line.isascii():
            return none
        mark = FENCE.match(line)
        if fenced is not None:
            closes = mark is not None and line[3:].strip() == fenced
            fenced = None if closes else fenced
            if not closes and FENCE_SIGN.search(line):
                return none
            found.append(False)
        elif mark is not None:
            sign = line[3:].strip()
            fenced = sign[: len(sign) - len(sign.lstrip(sign[:1]))]
            found.append(False)
        elif CODE_LINE.match(line) or FENCE_SIGN.search(line):
            return none
        else:
            found.append(LINE.match(line) is not None)
    return none if fenced is not None else found
