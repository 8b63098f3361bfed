"""Python text through two front ends: CPython's parser and the tokenizer.

Claim of equality, for Python 3: equal up to source positions and source-text reflection
(tracebacks, `inspect.getsource`). The tree decides what the program is; the tokens are compared
in a normal form (value instead of spelling of literals, no parentheses, no trailing commas), so
that neither front end alone is believed.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Final

from magistrate.domain.impact import ProofStatus
from magistrate.impact.compiled import rx
from magistrate.impact.kept import kept
from magistrate.impact.languages.reading import Comment, Difference, Reading, UnreadableError

UTF8_COOKIE: Final = rx(rb"#[ \t]*(?:-\*-[ \t]*)?coding[ \t]*[:=][ \t]*utf-?8[ \t]*(?:-\*-)?[ \t]*\r?\Z", re.IGNORECASE)
"""What every reader of Python 3 assumes without being told (PEP 3120)."""
OLD_PYTHON: Final = rx(rb"^from __future__ import [^\n]*(?:print|division|unicode|absolute)", re.MULTILINE)
"""A sign that Python 2 reads the file as well, to which some spellings mean something else."""
COOKIE: Final = rx(rb"^[ \t\f]*#.*?coding[:=]", re.MULTILINE)
TRIVIA: Final = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.ENCODING})
DOUBLED: Final = rx(rb"\{(?:\s|#[^\n]*\n|\\\r?\n)*\{|\}(?:\s|#[^\n]*\n|\\\r?\n)*\}")
"""Wherever two equal braces can follow each other as tokens; also inside strings and comments."""
KEPT: Final = 4
KEPT_TREES: Final = 64
KEPT_BYTES: Final = 250_000
"""Trees are about a hundred times as large as their texts."""
SCRIPT_BLOCK: Final = rx(rb"^#[ \t]*///", re.MULTILINE)
CLOSING: Final = frozenset({")", "]", "}"})
DROPPED: Final = frozenset({"(", ")", ","})
COOKIE_LINES: Final = 2
LAYOUT: Final = frozenset({tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT})


def head_of(content: bytes) -> tuple[bytes, ...]:
    """The lines that are read by something else: interpreter, encoding."""
    exact = OLD_PYTHON.search(content) is not None
    first = content.split(b"\n", COOKIE_LINES)[:COOKIE_LINES]
    if exact:
        return tuple(first) if content.startswith(b"#!") or any(map(COOKIE.match, first)) else ()
    return tuple(
        line for at, line in enumerate(first)
        if (at == 0 and line.startswith(b"#!")) or (COOKIE.match(line) and UTF8_COOKIE.match(line) is None)
    )  # fmt: skip


def looks_like_template(content: bytes) -> bool:
    """Whether another language may be hidden in the text: `{{ x }}` parses as a set of a set.

    Raises:
        UnreadableError: where the text had to be tokenized and cannot be.
    """
    if DOUBLED.search(content) is None:
        return False
    strings = [token[1] for token in read_tokens(content).code if isinstance(token, tuple)]
    return any(pair in {("{", "{"), ("}", "}")} for pair in pairwise(strings))


@kept(KEPT_TREES, KEPT_BYTES)
def read_tree(content: bytes) -> ast.Module:
    """CPython's own reading of the text; not to be changed by anyone.

    Raises:
        UnreadableError: where the parser refuses, or nesting is too deep to judge.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape is no matter of what the program is
            module = ast.parse(content, type_comments=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnreadableError(f"the parser does not accept it ({type(error).__name__})") from error
    module.type_ignores = []
    return module


def same_tree(left: ast.AST, right: ast.AST) -> bool:
    """Whether two trees are equal in kinds, fields and constants; stops at the first difference."""
    pending: list[tuple[object, object]] = [(left, right)]
    while pending:
        a, b = pending.pop()
        if a is b:
            continue
        if type(a) is not type(b):
            return False
        if isinstance(a, ast.AST):
            kept = ("value",) if type(a) is ast.Constant else a._fields  # `u"a"` is `"a"` (PEP 414)
            pending += [(getattr(a, name, None), getattr(b, name, None)) for name in kept]
        elif isinstance(a, list) and isinstance(b, list):
            if len(a) != len(b):
                return False
            pending += zip(a, b, strict=True)
        elif not same_value(a, b):
            return False
    return True


def same_value(left: object, right: object) -> bool:
    """Whether two constants of one type are written alike: `0.0` is not `-0.0`, and `nan` is `nan`."""
    return left == right if type(left) is str or type(left) is int else repr(left) == repr(right)


@lru_cache(maxsize=KEPT)
def read_tokens(content: bytes) -> Reading:
    """Every token and comment.

    Raises:
        UnreadableError: where the tokenizer refuses.
    """
    tokens, comments, lines = _scan(content)
    return Reading(code=tokens, comments=comments, comment_lines=lines)


def _scan(content: bytes) -> tuple[tuple[tuple[int, str], ...], tuple[Comment, ...], tuple[int, ...]]:
    scan = _Scan(content)
    try:
        for token in tokenize.tokenize(io.BytesIO(content).readline):
            if token.type == tokenize.ERRORTOKEN:
                raise UnreadableError("the tokenizer does not accept it")
            if token.type == tokenize.COMMENT:
                scan.comment(token)
            elif token.type not in TRIVIA:
                scan.token(token)
    except (tokenize.TokenError, SyntaxError, UnicodeDecodeError) as error:
        raise UnreadableError(f"the tokenizer does not accept it ({type(error).__name__})") from error
    return tuple(scan.tokens), tuple(scan.comments), tuple(scan.lines)


class _Scan:
    """Tokens in normal form: a comma is written when it turns out to be no trailing one, parentheses never."""

    def __init__(self, content: bytes) -> None:
        self.tokens: list[tuple[int, str]] = []
        self.comments: list[Comment] = []
        self.lines: list[int] = []
        self._rows = content.split(b"\n")
        self._exact = OLD_PYTHON.search(content) is not None
        self._comma = False
        self._line_start = (0, 0)

    def token(self, token: tokenize.TokenInfo) -> None:
        """Take a token that means something."""
        sign = token.string if token.type == tokenize.OP and not self._exact else ""
        if self._comma and sign not in CLOSING:
            self.tokens.append((tokenize.OP, ","))
        self._comma = sign == ","
        if token.start[0] != self._line_start[0]:
            self._line_start = (token.start[0], len(self.tokens))
        if sign not in DROPPED:
            text = token.string if self._exact else _normal(token)
            self.tokens.append((token.type, "" if token.type in LAYOUT else text))

    def comment(self, token: tokenize.TokenInfo) -> None:
        """Take a comment, unless it says what Python 3 assumes anyway."""
        row, before = token.start[0], len(self.tokens)
        if not self._exact and self._is_cookie(row - 1):
            return
        started = self._line_start[1] if self._line_start[0] == row else before
        following = row + 1 if not self._exact and self._is_cookie(row) else row
        alone = following >= len(self._rows) or not self._rows[following].strip()
        self.comments.append(Comment(text=token.string, tokens_before=before, line_starts_at=started, alone=alone))
        self.lines.append(row)

    def _is_cookie(self, at: int) -> bool:
        return at < COOKIE_LINES and at < len(self._rows) and UTF8_COOKIE.match(self._rows[at]) is not None


def _normal(token: tokenize.TokenInfo) -> str:
    """A literal by its value where the tokenizer sees all of it; the tree compares what it leaves out."""
    if token.type == tokenize.NUMBER:
        return token.string.lower().replace("_", "")
    if token.type != tokenize.STRING:
        return token.string
    quote = token.string[-1]
    if token.string[0] == quote and "\\" not in token.string and not token.string.startswith(quote * 3):
        return repr(token.string[1:-1])
    if "f" in token.string.split(quote, 1)[0].lower():
        return "f-string"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape is no matter of this comparison
            return repr(ast.literal_eval(token.string))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return token.string


@dataclass(frozen=True, slots=True, kw_only=True)
class Python:
    """CPython's parser and the tokenizer, neither believed alone."""

    name: str = "python"
    prose_starts: re.Pattern[str] = field(default_factory=lambda: re.compile(r"#(?: |\Z)"))

    def reads(self, name: str) -> bool:
        """Source and stubs, by suffix; the parser has the last word."""
        return name.endswith((".py", ".pyi"))

    def read(self, content: bytes) -> Reading:
        """Tokens and comments; the tree is compared in `same_program`."""
        return read_tokens(content)

    def same_program(self, before: bytes, after: bytes) -> Difference | None:
        """Heads, trees and templates."""
        if head_of(before) != head_of(after):
            return Difference(why="the interpreter line or the encoding line changes")
        if not same_tree(read_tree(before), read_tree(after)):
            return Difference(why="the syntax trees differ: this changes what the program does")
        if looks_like_template(before) or looks_like_template(after):
            return Difference(why="it may be a template of another language", status=ProofStatus.UNKNOWN)
        return None

    def no_prose(self, before: bytes, after: bytes) -> str | None:
        """Inline script metadata (PEP 723) is written in comments."""
        if any(SCRIPT_BLOCK.search(side) for side in (before, after)):
            return "the file has a `# ///` block, whose comments are script metadata"
        return None


LANGUAGE: Final = Python()
