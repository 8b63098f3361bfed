"""Python text through two front ends: CPython's parser and the tokenizer.

Claim of equality: equal up to source positions and source-text reflection (tracebacks,
`inspect.getsource`). Neither front end alone is believed.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Final

from magistrate.domain.impact import ProofStatus
from magistrate.impact.languages.reading import Comment, Difference, Reading, UnreadableError

COOKIE: Final = re.compile(rb"^[ \t\f]*#.*?coding[:=]", re.MULTILINE)
TRIVIA: Final = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.ENCODING})
DOUBLED: Final = re.compile(rb"\{(?:\s|#[^\n]*\n|\\\r?\n)*\{|\}(?:\s|#[^\n]*\n|\\\r?\n)*\}")
"""Wherever two equal braces can follow each other as tokens; also inside strings and comments."""
KEPT: Final = 4
SCRIPT_BLOCK: Final = re.compile(rb"^#[ \t]*///", re.MULTILINE)
LAYOUT: Final = frozenset({tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT})


def head_of(content: bytes) -> tuple[bytes, ...]:
    """The first two lines where they are read by something else (interpreter line, encoding)."""
    first = content.split(b"\n", 2)[:2]
    special = content.startswith(b"#!") or any(COOKIE.match(line) for line in first)
    return tuple(first) if special else ()


def looks_like_template(content: bytes) -> bool:
    """Whether another language may be hidden in the text: `{{ x }}` parses as a set of a set.

    Raises:
        UnreadableError: where the text had to be tokenized and cannot be.
    """
    if DOUBLED.search(content) is None:
        return False
    strings = [token[1] for token in read_tokens(content).code if isinstance(token, tuple)]
    return any(pair in {("{", "{"), ("}", "}")} for pair in pairwise(strings))


@lru_cache(maxsize=KEPT)
def read_tree(content: bytes) -> ast.Module:
    """CPython's own reading of the text; not to be changed by anyone.

    Raises:
        UnreadableError: where the parser refuses, or nesting is too deep to judge.
    """
    try:
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
        if type(a) is not type(b):
            return False
        if isinstance(a, ast.AST):
            pending += [(getattr(a, name, None), getattr(b, name, None)) for name in a._fields]
        elif isinstance(a, list) and isinstance(b, list):
            if len(a) != len(b):
                return False
            pending += zip(a, b, strict=True)
        elif a is not b and repr(a) != repr(b):
            return False
    return True


@lru_cache(maxsize=KEPT)
def read_tokens(content: bytes) -> Reading:
    """Every token and comment.

    Raises:
        UnreadableError: where the tokenizer refuses.
    """
    tokens, comments, lines = _scan(content)
    return Reading(code=tokens, comments=comments, comment_lines=lines)


def _scan(content: bytes) -> tuple[tuple[tuple[int, str], ...], tuple[Comment, ...], tuple[int, ...]]:
    tokens: list[tuple[int, str]] = []
    comments: list[Comment] = []
    lines: list[int] = []
    line_start = (0, 0)
    rows = content.split(b"\n")
    try:
        for token in tokenize.tokenize(io.BytesIO(content).readline):
            if token.type == tokenize.ERRORTOKEN:
                raise UnreadableError("the tokenizer does not accept it")
            if token.type not in TRIVIA and token.start[0] != line_start[0]:
                line_start = (token.start[0], len(tokens))
            if token.type == tokenize.COMMENT:
                started = line_start[1] if line_start[0] == token.start[0] else len(tokens)
                alone = token.start[0] >= len(rows) or not rows[token.start[0]].strip()
                comments.append(
                    Comment(text=token.string, tokens_before=len(tokens), line_starts_at=started, alone=alone)
                )
                lines.append(token.start[0])
            elif token.type not in TRIVIA:
                tokens.append((token.type, "" if token.type in LAYOUT else token.string))
    except (tokenize.TokenError, SyntaxError, UnicodeDecodeError) as error:
        raise UnreadableError(f"the tokenizer does not accept it ({type(error).__name__})") from error
    return tuple(tokens), tuple(comments), tuple(lines)


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
