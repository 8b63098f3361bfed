"""HCL (Terraform and others) through two front ends: a tree-sitter grammar, and a lexer by HCL's native syntax.

Line ends are tokens everywhere, brackets too, and several of them are one; so lines are never joined or split. A quoted
text with all its templates is one token as it stands, and a heredoc is one from `<<` to its last mark, so that no
byte inside either is layout. Reference: HCL Native Syntax Specification, "Lexical Elements" and "Templates".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.languages.notation import (
    PROSE,
    bound_comments,
    has_own_text,
    head_of,
    reading_of,
    text_of,
    verify_no_template,
)
from magistrate.impact.languages.reading import Difference, Reading, UnreadableError
from magistrate.impact.languages.trees import Leaf, TreeReading, read_with, verify_agreement

KEPT: Final = 4
MAX_DEPTH: Final = 50
"""Templates inside of templates."""
COMMENTS: Final = frozenset({"comment"})
ATOMIC: Final = frozenset({"string_lit", "quoted_template", "heredoc_template"})
BLANK: Final = b" \t\n"
TOKEN: Final = rx(
    r"(?P<blank>[ \t]+)|(?P<line>\n)|(?P<comment>(?:#|//)[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_-]*)|(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
    r'|(?P<heredoc><<-?[A-Za-z_][A-Za-z0-9_-]*\n)|(?P<quote>")'
    r"|(?P<sign>\.\.\.|==|!=|<=|>=|&&|\|\||=>|\[\*\]|\.\*|/(?![/*])|[{}\[\]()=.,:?+*%!<>-])"
)
"""The lexical elements of HCL, longest sign first."""
INSIDE: Final = rx(r'(?P<plain>(?:[^"\\\n$%]|\\[^\n]|\$\$\{|%%\{|[$%](?!\{))+)|(?P<opened>[$%]\{)|(?P<quote>")')
WITHIN: Final = rx(r'(?P<plain>[^"{}#/<\n]|/(?![/*])|<(?!<))|(?P<quote>")|(?P<opened>\{)|(?P<closed>\})')


@dataclass(frozen=True, slots=True)
class Token:
    """A token or a comment; offsets in characters."""

    kind: str
    text: str
    start: int


@lru_cache(maxsize=KEPT)
def read_tree(content: bytes) -> TreeReading:
    """The grammar's reading; raises UnreadableError."""
    import tree_sitter_hcl  # noqa: PLC0415  native code is loaded only where a file asks for it

    return read_with(tree_sitter_hcl.language, content, comments=COMMENTS, atomic=ATOMIC)


@lru_cache(maxsize=KEPT)
def read_text(content: bytes) -> Reading:
    """Tokens, line ends among them, and comments; both front ends agree.

    Raises:
        UnreadableError: where one of them does not accept the text, or they disagree.
    """
    text = text_of(content)
    verify_no_template(text)
    tokens, comments = _lexed(text)
    at = _byte_offsets(text)
    plain = [Leaf(one.kind, at(one.start), at(one.start + len(one.text))) for one in tokens if one.kind != "line"]
    said = [Leaf(one.kind, at(one.start), at(one.start + len(one.text))) for one in comments]
    verify_agreement(content, read_tree(content), plain, said, BLANK)
    return reading_of(
        text, [one.text for one in tokens], [one.start for one in tokens], [(one.start, one.text) for one in comments]
    )


def _lexed(text: str) -> tuple[list[Token], list[Token]]:
    tokens: list[Token] = []
    comments: list[Token] = []
    at = 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            raise UnreadableError(f"line {text.count(chr(10), 0, at) + 1}: the lexer does not accept it")
        kind, end = found.lastgroup or "", found.end()
        if kind == "quote":
            end = _quoted(text, at, 0)
        elif kind == "heredoc":
            end = _heredoc(text, found)
        if kind == "comment":
            comments.append(Token(kind, found[0], at))
        elif kind != "blank" and not (kind == "line" and (not tokens or tokens[-1].kind == "line")):
            tokens.append(Token(kind, text[at:end], at))
        at = end
    if tokens and tokens[-1].kind == "line":
        tokens.pop()
    return tokens, comments


def _quoted(text: str, start: int, depth: int) -> int:
    """Where a quoted text ends, its templates included; one that does not end on its line is not read."""
    at = start + 1
    while found := INSIDE.match(text, at):
        at = found.end()
        if found.lastgroup == "quote":
            return at
        if found.lastgroup == "opened":
            at = _template(text, at, depth + 1)
    raise UnreadableError(f"line {text.count(chr(10), 0, start) + 1}: quotes do not close on their line")


def _template(text: str, start: int, depth: int) -> int:
    """Where a template inside a quoted text ends; comments and heredocs inside are not read."""
    if depth > MAX_DEPTH:
        raise UnreadableError("templates are nested too deeply to judge")
    at, braces = start, 0
    while found := WITHIN.match(text, at):
        at = found.end()
        if found.lastgroup == "quote":
            at = _quoted(text, at - 1, depth)
        elif found.lastgroup == "opened":
            braces += 1
        elif found.lastgroup == "closed":
            if braces == 0:
                return at
            braces -= 1
    raise UnreadableError(f"line {text.count(chr(10), 0, start) + 1}: a template does not close on its line")


def _heredoc(text: str, found: re.Match[str]) -> int:
    """Where a heredoc ends: behind its mark, on the first line that holds nothing else."""
    mark = found[0].strip("<-\n")
    closed = re.compile(rf"^[ \t]*{re.escape(mark)}(?=\n|\Z)", re.MULTILINE).search(text, found.end())
    if closed is None:
        raise UnreadableError(f"the heredoc `{mark[:40]}` does not end")
    return closed.end()


def _byte_offsets(text: str) -> Callable[[int], int]:
    """Offsets in bytes of offsets in characters."""
    if text.isascii():
        return int
    return [0, *accumulate(len(one.encode()) for one in text)].__getitem__


@dataclass(frozen=True, slots=True, kw_only=True)
class Hcl:
    """A grammar and a lexer, neither believed alone."""

    name: str = "hcl"
    prose_starts: re.Pattern[str] = PROSE

    def reads(self, name: str) -> bool:
        """By suffix; lock files and templates are not read."""
        return name.endswith((".tf", ".tfvars", ".hcl")) and has_own_text(name)

    def read(self, content: bytes) -> Reading:
        """Tokens and comments."""
        return read_text(content)

    def same_program(self, before: bytes, after: bytes) -> Difference | None:
        """Shapes of the trees, and a first line that others read by its place."""
        if read_tree(before).shape != read_tree(after).shape:
            return Difference(why="the syntax trees differ: this changes what is described")
        if head_of(text_of(before)) != head_of(text_of(after)):
            return Difference(why="a first line that others read by its place changes")
        return None

    def no_prose(self, before: bytes, after: bytes) -> str | None:
        """Blocks that tools read."""
        return bound_comments([(side, self.read(side).comments) for side in (before, after)])


LANGUAGE: Final = Hcl()
