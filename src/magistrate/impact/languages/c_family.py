"""C and C++ text through two front ends, both lexers: one by a grammar of tokens, one by phases of translation.

Claim: the sequence of preprocessing tokens is the same, so are directives and where they end, and
every blank that a macro may see (`c_layout`). Equal is therefore meant up to source positions
(`assert`, `__LINE__` in other files); a file that says `__LINE__` itself keeps its lines.

Required: both lexers see the same tokens and comments at the same bytes. A grammar is no front end
here: a file before preprocessing is in no grammar (tree-sitter-c refuses a quarter of real files),
and equal tokens are equal trees whatever the macros make of them. For the same reason no file is
proven to be *ordinary code* of C: what a program does is not told by the names on its lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.languages.blocks import (
    MARKS,
    Bound,
    Dialect,
    bind,
    difference,
    template,
    verify_line_ends,
    verify_size,
)
from magistrate.impact.languages.c_layout import layout_of
from magistrate.impact.languages.c_phases import by_phases
from magistrate.impact.languages.c_tokens import Piece, Scanned, scan
from magistrate.impact.languages.reading import Comment, Difference, Reading, UnreadableError
from magistrate.impact.languages.trees import Leaf

PLAIN_SUFFIXES: Final = (".c",)
HEADER_SUFFIXES: Final = (".h",)
PLUS_SUFFIXES: Final = (".cc", ".cpp", ".cxx", ".c++", ".hh", ".hpp", ".hxx", ".h++", ".ipp", ".tpp", ".inl")
BETWEEN: Final = rx(rb"(?:[ \t\f\r\n]|\\\r?\n)*+")
TOOLS: Final = (
    r"(?!.*(?i:falls?[ \t-]*thr|\b(?:\w*lint|nolint\w*|coverity|cppcheck|clang|iwyu|[lg]cov|gcovr|klocwork|parasoft|polyspace|"
    r"misra|pvs|swig|moc|opcode|same as|not ?reached|argsused|varargs|break omitted|drops? through|xgettext)\b))"
    r"(?!.*\b[A-Z0-9]+_[A-Z])"
    r"(?!(?i:proto|prototype|generat\w*|begin|end|region|expect\w*|warning|errors?|diagnostic|translators?|intentional\w*|"
    r"else,? fall|check|run|unreachable)\b)"
)
"""What readers of C look for, anywhere in a comment or as its first word: checkers, translators, generators."""
DIALECT: Final = Dialect(
    starts=rx(rf"(?!\W*(?:{MARKS}))(?:(?:///? |/\*\*? |\* |[ \t]*(?=[A-Za-z])){TOOLS}|(?:///?|/?\*\*?/?|[ \t]*)\Z)"),
    counts_lines=rx(r"(?i)\bnext\s+\S{0,9}\d|\blines?[ :=]{0,3}\d|\d\W?lines?\b|expected-\w+[ \t]*@|@[+-]\d"),
)
PLUS_ONLY: Final = frozenset({b"namespace", b"template", b"typename"})
LABELS: Final = frozenset({b"case", b"default"})
KEPT: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One side; `new_style`: it has comments that C before 1999 has not."""

    bound: Bound
    new_style: bool


@lru_cache(maxsize=KEPT)
def read_text(content: bytes, kind: str) -> Read:
    """Tokens with the layout that counts, and comments bound to them; both front ends agree.

    `kind`: `c`, `cpp` or `c-header`, which is C unless only C++ can be meant.

    Raises:
        UnreadableError: where one of them does not accept the text, or they disagree.
    """
    verify_line_ends(content)
    plus, scanned = _scanned(content, kind)
    tokens = [Leaf(piece.kind, piece.start, piece.end) for piece in scanned.pieces]
    verify_size(tokens, scanned.comments)
    _verify(content, tokens, scanned.comments, by_phases(content, plus=plus))
    layout = layout_of(scanned.pieces, plus=plus, modules=kind != "c")
    bound = bind(content, layout.code, tokens, scanned.comments, DIALECT)
    kept = _with_kept(bound, scanned.pieces, layout.inside)
    return Read(bound=kept, new_style=any(content.startswith(b"//", leaf.start) for leaf in scanned.comments))


def _scanned(content: bytes, kind: str) -> tuple[bool, Scanned]:
    """Whether it is C++ for certain, and its tokens: a header whose words no C has is."""
    if kind == "cpp":
        return True, scan(content, plus=True)
    try:
        return False, scan(content, plus=False)
    except UnreadableError:
        scanned = scan(content, plus=True) if kind == "c-header" else None
        words = {piece.text for piece in scanned.pieces if piece.kind == "word"} if scanned else frozenset()
        if scanned is None or b"__cplusplus" in words or not words & PLUS_ONLY:
            raise
        return True, scanned


def _verify(
    content: bytes, tokens: Sequence[Leaf], comments: Sequence[Leaf], other: tuple[list[Leaf], list[Leaf]]
) -> None:
    """Raises UnreadableError: the lexers disagree, or something stands between the tokens."""
    for own, theirs, what in zip((tokens, comments), other, ("tokens", "comments"), strict=True):
        if [(leaf.start, leaf.end) for leaf in own] != [(leaf.start, leaf.end) for leaf in theirs]:
            raise UnreadableError(f"two front ends disagree about its {what}")
    places = [(0, 0), *sorted((leaf.start, leaf.end) for leaf in (*tokens, *comments)), (len(content), len(content))]
    for (_, end), (start, _) in pairwise(places):
        if BETWEEN.fullmatch(content, end, start) is None:
            raise UnreadableError("something stands between its tokens that is neither blank nor a comment")


def _with_kept(bound: Bound, pieces: Sequence[Piece], inside: frozenset[int]) -> Bound:
    made: list[Comment] = []
    marked = False
    for comment in bound.reading.comments:
        if not comment.inside:
            marked = DIALECT.starts.match(comment.text) is None
        goes_on = marked and comment.inside and comment.kept is None
        why = "it goes on in a block that begins like a mark of a tool"
        made.append(replace(comment, kept=why) if goes_on else _kept(comment, pieces, inside))
    return replace(bound, reading=replace(bound.reading, comments=tuple(made)))


def _kept(comment: Comment, pieces: Sequence[Piece], inside: frozenset[int]) -> Comment:
    """A comment with why it never changes, where it stands at a label, or in what a macro is given."""
    if comment.kept is not None:
        return comment
    at = comment.tokens_before
    following = pieces[at] if at < len(pieces) else None
    why: str | None = None
    if following is not None and (following.text in LABELS or _labels(pieces, at)):
        why = "it stands before a label, where compilers look for it"
    elif comment.line_starts_at < at and pieces[comment.line_starts_at].text in LABELS:
        why = "it stands behind a label, where generators look for it"
    elif following is not None and following.start in inside:
        why = "it stands in what a macro may be given"
    return comment if why is None else replace(comment, kept=why)


def _labels(pieces: Sequence[Piece], at: int) -> bool:
    return pieces[at].kind == "word" and at + 1 < len(pieces) and pieces[at + 1].text == b":"


@dataclass(frozen=True, slots=True, kw_only=True)
class CFamily:
    """Two lexers, neither believed alone; `name` is `c`, `c-header` or `cpp`."""

    name: str
    suffixes: tuple[str, ...]
    prose_starts: re.Pattern[str] = field(default_factory=lambda: DIALECT.starts)

    def reads(self, name: str) -> bool:
        """Source and headers, by suffix; the front ends have the last word."""
        return name.endswith(self.suffixes)

    def read(self, content: bytes) -> Reading:
        """Tokens and comments."""
        return read_text(content, self.name).bound.reading

    def same_program(self, before: bytes, after: bytes) -> Difference | None:
        """Lines that comments are for, and text that another language may fill in."""
        old, new = read_text(before, self.name), read_text(after, self.name)
        return difference(old.bound, new.bound) or template(before, after)

    def no_prose(self, before: bytes, after: bytes) -> str | None:
        """The first comment of a kind that not every C has."""
        if self.name != "cpp" and read_text(after, self.name).new_style and not read_text(before, self.name).new_style:
            return "it is the first `//` comment of the file, and C before 1999 has none"
        return None


C: Final = CFamily(name="c", suffixes=PLAIN_SUFFIXES)
HEADER: Final = CFamily(name="c-header", suffixes=HEADER_SUFFIXES)
CPP: Final = CFamily(name="cpp", suffixes=PLUS_SUFFIXES)
LANGUAGES: Final = (C, HEADER, CPP)
