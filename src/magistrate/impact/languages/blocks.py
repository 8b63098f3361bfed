"""Comments between `//` and `/* */`: what each is bound to, and which never change as prose.

A comment that is no prose may be read by a tool for its own line, for the next one, or for a
number of lines: so the line it stands on and the line of code behind it are part of what it is.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from magistrate.domain.impact import ProofStatus
from magistrate.impact.compiled import rx
from magistrate.impact.languages.reading import Comment, Difference, Reading, UnreadableError, body_of
from magistrate.impact.languages.trees import Leaf, TreeReading
from magistrate.impact.prose import why_not_prose

PLAIN_TAGS: Final = rx(
    r"</?(?:p|ul|ol|li|b|i|em|strong|br|code|tt|dl|dt|dd|h[1-6]|sub|sup|blockquote)\s*/?>|\{@(?:code|literal|value) [^{}\n]{0,200}\}"
)
"""Markup that shows words, and code that begins and ends on one line."""
INLINE_TAGS: Final = rx(r"\{@(?:code|literal|value|link|linkplain) [^{}\n]{0,200}\}|\{@inheritDoc\}")
MARKUP: Final = rx(r"<[A-Za-z!?/]|\{@(?!link |linkplain |inheritDoc\})|```|~~~")
HELD: Final = rx(r"(?i)copyright|licen[cs]e|@test\b|@generated|warrant(?:y|ies)")
OPENS: Final = rx(r"/\*\*?(?:\s|\Z)")
CLAIM: Final = rx(r"(?i)//+\s*safety\b")
ONE_LINE: Final = r"/\*\*? (?=[^*]*\*/\Z)"
MARKS: Final = r"[a-z0-9]+-[a-z]|[A-Z]+_[A-Z]|(?i:region|endregion)\b"
"""First words of directives and marks: `begin-user-code`, `LCOV_EXCL_START`, `endregion`."""
STARTS: Final = rf"(?!\W*(?:{MARKS}))(?://(?: |\Z)|\*(?: |\Z)|{ONE_LINE})"
"""How a line that may be prose begins: `// `, a later line of a block, a block of one line."""
MAX_TOKENS: Final = 150_000
MAX_COMMENTS: Final = 20_000
BRACES: Final = rx(rb"\{\{[^{}]{0,2000}\}\}")
CRLF: Final = rx(rb"\r\n?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """A comment that a tool may read, and the lines it may be for, as counts of tokens."""

    text: str
    tokens_before: int
    own_line: tuple[int, int]
    next_line_ends: int
    at_margin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A text as these languages read it.

    `token_lines`: the line of each token and comment, set only where a comment counts lines.
    `docs`: tokens before each documentation comment.
    """

    reading: Reading
    directives: tuple[Directive, ...]
    token_lines: tuple[int, ...] | None
    docs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What one language adds: how prose starts there, which comments count lines, and which are for no tool at all."""

    starts: re.Pattern[str]
    counts_lines: re.Pattern[str]
    documents: tuple[str, ...] = ()


def joined(content: bytes, tree: TreeReading, tokens: Sequence[Leaf], *, separators: bool = False) -> TreeReading:
    """The tree in the pieces of a lexer: leaves that make up one token without a gap (`>` twice in `>>`) count as one.

    `separators`: the grammar keeps no leaf for what stands between `)` and the `*` of a repetition.

    Raises:
        UnreadableError: a leaf reaches over the border of a token, or something of a token is in no leaf.
    """
    made: list[Leaf] = []
    at = 0
    for token in tokens:
        start = at
        while at < len(tree.leaves) and tree.leaves[at].end <= token.end:
            at += 1
        part = tree.leaves[start:at]
        begins = bool(part) and (
            part[0].start == token.start or (separators and _separates(content, made, token, part[0]))
        )
        whole = begins and part[-1].end == token.end
        if not whole or any(a.end != b.start for a, b in pairwise(part)):
            raise UnreadableError("two front ends disagree about its tokens")
        made.append(token)
    said = tuple(without_line_end(content, leaf) for leaf in tree.comments)
    return replace(tree, leaves=(*made, *tree.leaves[at:]), comments=said)


def _separates(content: bytes, before: Sequence[Leaf], token: Leaf, first: Leaf) -> bool:
    """Whether the head of a run of signs is the separator of a repetition, as in `$(...),*`."""
    closed = bool(before) and before[-1].end == token.start and content[token.start - 1 : token.start] == b")"
    return closed and token.kind == "sign" and content[first.start : token.end] in {b"*", b"+", b"?"}


def without_line_end(content: bytes, leaf: Leaf) -> Leaf:
    """A comment up to its last sign: some grammars count the line end as part of it."""
    text = content[leaf.start : leaf.end]
    return Leaf(leaf.kind, leaf.start, leaf.start + len(text.rstrip(b"\r\n"))) if text.startswith(b"//") else leaf


def bind(
    content: bytes, code: Sequence[object], tokens: Sequence[Leaf], comments: Sequence[Leaf], dialect: Dialect
) -> Bound:
    """Bind every comment to the tokens around it.

    Raises:
        UnreadableError: a comment is not UTF-8.
    """
    work = _Binding(content, tokens, comments, dialect)
    lines: tuple[int, ...] | None = None
    if any(dialect.counts_lines.search(one.text) for one in work.comments):
        places = sorted(leaf.start for leaf in (*tokens, *comments))
        lines = tuple(bisect_left(work.ends, start) for start in places)
    reading = Reading(code=tuple(code), comments=tuple(work.comments), comment_lines=tuple(work.lines))
    return Bound(reading=reading, directives=tuple(work.directives), token_lines=lines, docs=tuple(work.docs))


class _Binding:
    """One pass over the comments of a text."""

    def __init__(self, content: bytes, tokens: Sequence[Leaf], comments: Sequence[Leaf], dialect: Dialect) -> None:
        self.comments: list[Comment] = []
        self.lines: list[int] = []
        self.directives: list[Directive] = []
        self.docs: list[int] = []
        self.ends = [found.start() for found in re.finditer(rb"\n", content)]
        self._content, self._tokens, self._dialect = content, tokens, dialect
        self._starts = [token.start for token in tokens]
        self._seen_block = False
        self._claim_line = -2
        for leaf in comments:
            self._add(leaf)

    def _add(self, leaf: Leaf) -> None:
        content, starts = self._content, self._starts
        parts = _parts(content[leaf.start : leaf.end])
        line = bisect_left(self.ends, leaf.start)
        margin = self.ends[line - 1] + 1 if line else 0
        before, started = bisect_left(starts, leaf.start), bisect_left(starts, margin)
        kept = self._kept_whole(before, line, "\n".join(parts))
        alone = _blank_line_after(content, leaf.end)
        tagged = False
        for number, text in enumerate(parts):
            why = kept or ("it continues a tag of the same block" if tagged else None)
            tagged = tagged or "@" in INLINE_TAGS.sub("", text)
            inside = number > 0
            self.comments.append(
                Comment(text=text, tokens_before=before, line_starts_at=started, alone=alone, inside=inside, kept=why)
            )
            self.lines.append(line + 1 + number)
        if parts[0].startswith("/**"):
            self.docs.append(before)
        elif not parts[0].startswith(self._dialect.documents) and any(
            why_no_prose(self._dialect, text) is not None for text in parts
        ):
            ends = self._line_end(leaf.end)
            next_ends = self._line_end(self._tokens[ends].start) if ends < len(starts) else ends
            self.directives.append(
                Directive(
                    text="\n".join(parts),
                    tokens_before=before,
                    own_line=(started, ends),
                    next_line_ends=next_ends,
                    at_margin=leaf.start == margin,
                )
            )

    def _line_end(self, place: int) -> int:
        """Tokens that start up to the end of the line of a place."""
        line = bisect_left(self.ends, place)
        return bisect_left(self._starts, self.ends[line]) if line < len(self.ends) else len(self._starts)

    def _kept_whole(self, before: int, line: int, text: str) -> str | None:
        """Why no line of a comment may change as prose."""
        first_block = text.startswith("/*") and not self._seen_block
        self._seen_block = self._seen_block or first_block
        continues = text.startswith("//") and self._claim_line in {line - 1, line}
        if continues or CLAIM.match(text):
            self._claim_line = line
        why: str | None = None
        if before == 0:
            why = "it stands before the code, where licences and headers of tools are"
        elif first_block:
            why = "it is in the first block comment of the file, where licences are"
        elif text.startswith("/*") and OPENS.match(text) is None:
            why = "it is in a block whose first sign may mean something to a tool"
        elif text.startswith("/*") and (MARKUP.search(PLAIN_TAGS.sub("", text)) or HELD.search(text)):
            why = "it is in a block with markup, code or a licence"
        elif self._fills_block(before):
            why = "it is all that a block of code holds, which linters read"
        elif continues:
            why = "it continues a claim that linters ask for"
        return why

    def _fills_block(self, before: int) -> bool:
        around = self._tokens[before - 1 : before + 1]
        signs = [self._content[token.start : token.end] for token in around]
        return signs == [b"{", b"}"]


def why_no_prose(dialect: Dialect, text: str) -> str | None:
    """Why a line of a comment may be read by a tool, or None."""
    start = dialect.starts.match(text)
    return "it does not begin like prose" if start is None else why_not_prose(body_of(text, start.end()))


def difference(before: Bound, after: Bound) -> Difference | None:
    """What comments say against one program, beyond their own text.

    Where the texts of directives differ, both provers refuse them by themselves.
    """
    if before.token_lines != after.token_lines:
        return Difference(why="a comment counts lines for a tool, and code moves to other lines")
    if [one.text for one in before.directives] != [one.text for one in after.directives]:
        return None
    for old, new in zip(before.directives, after.directives, strict=True):
        if old != new:
            return Difference(why=f"the line that `{old.text[:60]}` may be for begins or ends elsewhere")
    return None


def template(before: bytes, after: bytes) -> Difference | None:
    """Text between doubled braces may be filled in by another language: it stays as it is."""
    if BRACES.findall(before) == BRACES.findall(after):
        return None
    return Difference(why="it may be a template of another language", status=ProofStatus.UNKNOWN)


def verify_size(tokens: Sequence[Leaf], comments: Sequence[Leaf]) -> None:
    """What costs more time than a file may take is not judged; raises UnreadableError."""
    if len(tokens) > MAX_TOKENS or len(comments) > MAX_COMMENTS:
        raise UnreadableError("it is too large to judge")


def verify_line_ends(content: bytes) -> None:
    """A lone carriage return ends a line for some readers only; raises UnreadableError."""
    if any(found[0] == b"\r" for found in CRLF.finditer(content)):
        raise UnreadableError("a lone carriage return ends a line for some readers only")


def _parts(comment: bytes) -> list[str]:
    """A comment as it is compared: line by line; blanks before the `*` of a later line are layout."""
    try:
        lines = [line.rstrip("\r") for line in comment.decode("utf-8").split("\n")]
    except UnicodeDecodeError as error:
        raise UnreadableError("a comment is not UTF-8") from error
    if OPENS.match(lines[0]) is None:
        return lines
    return [lines[0], *(short if (short := line.lstrip(" \t")).startswith("*") else line for line in lines[1:])]


def _blank_line_after(content: bytes, end: int) -> bool:
    """Whether nothing follows on the line, and the next line is blank or there is none."""
    own = content.find(b"\n", end)
    if own < 0 or content[end:own].strip():
        return own < 0 and not content[end:].strip()
    after = content.find(b"\n", own + 1)
    return not content[own + 1 : after if after >= 0 else len(content)].strip()
