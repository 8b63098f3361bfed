"""A text as a tree-sitter grammar reads it: every leaf with its place, and the shape of the whole tree.

Rule kept: this is one front end and never the only one. A language checks the leaves against a
lexer of its own, byte range by byte range, so that what either of them overlooks is no reading.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from magistrate.impact.languages.reading import UnreadableError

if TYPE_CHECKING:
    from tree_sitter import Parser

MAX_DEPTH: Final = 1_500
MAX_NODES: Final = 400_000
OPEN: Final = "\0("
CLOSE: Final = "\0)"
"""Marks of inner nodes in a shape; no token has a NUL byte in it."""


class Leaf(NamedTuple):
    """A token as the grammar sees it; `start` and `end` are byte offsets."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeReading:
    """What a grammar made of a text.

    `shape` is the pre-order of the tree with anonymous tokens, comments left out; `leaves` and
    `comments` are in the order of the text. Leaves of blank bytes (line ends as tokens) are in
    neither: where line ends mean something, the language's own lexer says so.
    """

    shape: tuple[str, ...]
    leaves: tuple[Leaf, ...]
    comments: tuple[Leaf, ...]


@lru_cache(maxsize=16)
def parser_of(language: Callable[[], object]) -> Parser:
    """A parser for the grammar of a wheel (its `language` function)."""
    from tree_sitter import Language, Parser  # noqa: PLC0415  native code is loaded only where a file asks for it

    return Parser(Language(language()))


def read_with(
    language: Callable[[], object], content: bytes, *, comments: frozenset[str], atomic: frozenset[str]
) -> TreeReading:
    """Read a text; `comments` and `atomic` are node kinds: what is atomic counts as one leaf.

    Raises:
        UnreadableError: the grammar does not accept the text, or it is too deep or too large to judge.
    """
    tree = parser_of(language).parse(content)
    if tree.root_node.has_error:
        raise UnreadableError("the grammar does not accept it")
    shape: list[str] = []
    leaves: list[Leaf] = []
    said: list[Leaf] = []
    cursor, depth = tree.walk(), 0
    while True:
        _verify_bounds(depth, shape)
        node = cursor.node
        if node is None or node.is_missing:
            raise UnreadableError("the grammar had to invent a token")
        kind, inner = node.type, False
        if kind in comments:
            said.append(Leaf(kind, node.start_byte, node.end_byte))
        elif kind in atomic or node.child_count == 0:
            start, end = node.start_byte, node.end_byte
            if content[start:end].strip():
                shape.append(kind)
                leaves.append(Leaf(kind, start, end))
        else:
            shape += (OPEN, cursor.field_name or "", kind)
            inner = cursor.goto_first_child()
        if inner:
            depth += 1
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return TreeReading(shape=tuple(shape), leaves=tuple(leaves), comments=tuple(said))
            depth -= 1
            _verify_bounds(depth, shape)
            shape.append(CLOSE)


def _verify_bounds(depth: int, shape: Sequence[str]) -> None:
    if depth > MAX_DEPTH or len(shape) > MAX_NODES:
        raise UnreadableError("it is nested too deeply, or too large, to judge")


def verify_agreement(content: bytes, tree: TreeReading, tokens: list[Leaf], comments: list[Leaf], blank: bytes) -> None:
    """Both front ends see the same tokens and comments at the same places, and only `blank` bytes between them.

    Raises:
        UnreadableError: they disagree, or something stands between the tokens.
    """
    if [(leaf.start, leaf.end) for leaf in tree.leaves] != [(token.start, token.end) for token in tokens]:
        raise UnreadableError("two front ends disagree about its tokens")
    if [(leaf.start, leaf.end) for leaf in tree.comments] != [(one.start, one.end) for one in comments]:
        raise UnreadableError("two front ends disagree about its comments")
    at = 0
    for piece in sorted([*tokens, *comments], key=lambda leaf: leaf.start):
        if content[at : piece.start].strip(blank):
            raise UnreadableError("something stands between its tokens that is neither blank nor a comment")
        at = piece.end
    if content[at:].strip(blank):
        raise UnreadableError("something stands behind its last token that is neither blank nor a comment")
