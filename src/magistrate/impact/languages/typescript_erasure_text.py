"""A TypeScript text without what is erased, and whether two such texts make one program.

Both front ends decide: the grammar by its tree without the places, the lexer by its reader of types and by the
tokens that are left. What is left must be JavaScript to both of them, with the same comments before the same tokens.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from magistrate.domain.impact import ProofStatus
from magistrate.impact.languages import ecmascript
from magistrate.impact.languages.ecmascript_tokens import Flavour, Scanned, scan
from magistrate.impact.languages.reading import Difference
from magistrate.impact.languages.typescript_erasure import STATEMENT, Erased, Pruned, pruned
from magistrate.impact.languages.typescript_erasure_tokens import verify_places

KEPT: Final = 4
MORE: Final = "more than types changes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """One side: the JavaScript that is left, the texts of the places, names that types declare, words that are left.

    `said`: each comment with the token behind it, types included.
    """

    text: bytes
    tree: Pruned
    types: tuple[tuple[str, bytes], ...]
    names: frozenset[bytes]
    words: frozenset[bytes]
    decorated: bool
    said: tuple[tuple[bytes, bytes], ...]

    @property
    def counts(self) -> Counter[tuple[str, bytes]]:
        """How often each place stands there."""
        return Counter(self.types)


@lru_cache(maxsize=KEPT)
def bare(content: bytes, grammar: str) -> Bare:
    """Read one side.

    Raises:
        UnreadableError: a front end does not accept it, or they disagree about tokens or types.
    """
    ecmascript.read_text(content, grammar)
    tree = pruned(content, grammar)
    scanned = scan(content, Flavour(typed=True, markup=grammar == "tsx"))
    verify_places(scanned.tokens, tree.places)
    inside = _inside(scanned, tree.places)
    left = [token for token, erased in zip(scanned.tokens, inside, strict=True) if not erased]
    types = tuple((one.kind, _plain(scanned, one)) for one in tree.places)
    return Bare(
        text=_without(content, scanned, tree.places),
        tree=tree,
        types=types,
        names=frozenset(one.name for one in tree.places if one.kind == STATEMENT and one.name),
        words=frozenset(token.text for token in left if token.kind == "word"),
        decorated=any(token.text == b"@" and token.kind == "sign" for token in left),
        said=tuple((content[one.start : one.end], _behind(scanned, one.end)) for one in scanned.comments),
    )


def types_only(  # noqa: PLR0911 - one guard, one exit
    before: bytes, after: bytes, grammar: str
) -> Difference | None:
    """What speaks against two sides that are one program without their types, or None.

    Raises:
        UnreadableError: as `bare`, also where what is left is no JavaScript.
    """
    old, new = bare(before, grammar), bare(after, grammar)
    if old.tree.shape != new.tree.shape:
        return Difference(why=MORE)
    found = _by_names(old, new) or _by_comments(old, new)
    if found is not None:
        return found
    difference = ecmascript.JAVASCRIPT.same_program(old.text, new.text)
    if difference is not None:
        return difference
    left, right = (ecmascript.JAVASCRIPT.read(side.text) for side in (old, new))
    if left.code != right.code:
        return Difference(why=MORE)
    if [one.text for one in left.comments] != [one.text for one in right.comments]:
        return Difference(why="a comment changes")
    if old.types == new.types:
        return Difference(why="no type changes")
    return None


def _by_names(old: Bare, new: Bare) -> Difference | None:
    if old.decorated or new.decorated:
        return Difference(why="a decorator of the file may be given types when it runs", status=ProofStatus.UNKNOWN)
    if old.tree.outward != new.tree.outward and not (old.tree.outward[1] and new.tree.outward[1]):
        return Difference(why="imports or exports of types come or go, and may be what makes the file a module")
    moved = sorted((old.names ^ new.names) & (old.words | new.words))
    if moved:
        return Difference(why=f"`{moved[0].decode()}` comes or goes as a type, and the program says that name")
    return None


def _by_comments(old: Bare, new: Bare) -> Difference | None:
    if old.said != new.said:
        return Difference(why="a comment changes, or what stands behind one")
    if any(b"@ts-" in text for text, _ in (*old.said, *new.said)):
        return Difference(why="a comment tells the checker of types what to leave out", status=ProofStatus.UNKNOWN)
    if any(text.startswith(b"///") and b"<" in text for text, _ in (*old.said, *new.said)):
        return Difference(why="a comment names files or libraries to the compiler", status=ProofStatus.UNKNOWN)
    return None


def _inside(scanned: Scanned, erased: tuple[Erased, ...]) -> list[bool]:
    """For each token whether a place holds it; places are in order and do not overlap."""
    starts = [one.start for one in erased]
    found = []
    for token in scanned.tokens:
        at = bisect_left(starts, token.start + 1) - 1
        found.append(at >= 0 and token.end <= erased[at].end)
    return found


def _plain(scanned: Scanned, one: Erased) -> bytes:
    return b" ".join(token.text for token in scanned.tokens if one.start <= token.start and token.end <= one.end)


def _behind(scanned: Scanned, end: int) -> bytes:
    starts = [token.start for token in scanned.tokens]
    at = bisect_left(starts, end)
    return scanned.tokens[at].text if at < len(starts) else b""


def _without(content: bytes, scanned: Scanned, erased: tuple[Erased, ...]) -> bytes:
    """The text with blanks for what is erased; line ends inside stay only beside comments."""
    made = bytearray(content)
    for one in erased:
        if one.kind == STATEMENT or any(one.start <= said.start < one.end for said in scanned.comments):
            for token in scanned.tokens:
                if one.start <= token.start and token.end <= one.end:
                    made[token.start : token.end] = bytes(
                        sign if sign in b"\n" else ord(" ") for sign in content[token.start : token.end]
                    )
        else:
            made[one.start : one.end] = b" " * (one.end - one.start)
    return bytes(made)
