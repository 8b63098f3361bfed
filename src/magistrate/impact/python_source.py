"""Python text through two front ends: CPython's parser and the tokenizer.

Claim of equality: equal up to source positions and source-text reflection (tracebacks,
`inspect.getsource`). Neither front end alone is believed.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

COOKIE: Final = re.compile(rb"^[ \t\f]*#.*?coding[:=]", re.MULTILINE)
TRIVIA: Final = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.ENCODING})
LAYOUT: Final = frozenset({tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT})
OPAQUE_ROLES: Final = frozenset(
    {
        "fixtures",
        "fixture",
        "testdata",
        "test_data",
        "data",
        "snapshots",
        "resources",
        "corpus",
        "cases",
        "golden",
        "samples",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment bound to code: tokens before it, tokens before its line, whether a blank line follows."""

    text: str
    tokens_before: int
    line_starts_at: int
    alone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonText:
    """One side, read twice."""

    tree: str
    tokens: tuple[tuple[int, str], ...]
    comments: tuple[Comment, ...]
    comment_lines: tuple[int, ...]


class NotPythonError(ValueError):
    """One of the front ends does not accept the text; the message says which."""


def read_python(content: bytes) -> PythonText:
    """Parse and tokenize.

    Raises:
        NotPythonError: where either front end refuses, or nesting is too deep to judge.
    """
    tokens, comments, lines = _scan(content)
    return PythonText(tree=_tree(content), tokens=tokens, comments=comments, comment_lines=lines)


def head_of(content: bytes) -> tuple[bytes, ...]:
    """The first two lines where they are read by something else (interpreter line, encoding)."""
    first = content.split(b"\n", 2)[:2]
    special = content.startswith(b"#!") or any(COOKIE.match(line) for line in first)
    return tuple(first) if special else ()


def looks_like_template(file_text: PythonText, parts: tuple[str, ...]) -> bool:
    """Whether another language may be hidden in the text: `{{ x }}` parses as a set of a set."""
    strings = [text for _, text in file_text.tokens]
    doubled = any(pair in {("{", "{"), ("}", "}")} for pair in pairwise(strings))
    return doubled or any("template" in part or "cookiecutter" in part for part in parts)


def _tree(content: bytes) -> str:
    try:
        module = ast.parse(content, type_comments=True)
        module.type_ignores = []
        return ast.dump(module, include_attributes=False)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NotPythonError(f"the parser does not accept it ({type(error).__name__})") from error


def _scan(content: bytes) -> tuple[tuple[tuple[int, str], ...], tuple[Comment, ...], tuple[int, ...]]:
    tokens: list[tuple[int, str]] = []
    comments: list[Comment] = []
    lines: list[int] = []
    line_start = (0, 0)
    rows = content.split(b"\n")
    try:
        for token in tokenize.tokenize(io.BytesIO(content).readline):
            if token.type == tokenize.ERRORTOKEN:
                raise NotPythonError("the tokenizer does not accept it")
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
        raise NotPythonError(f"the tokenizer does not accept it ({type(error).__name__})") from error
    return tuple(tokens), tuple(comments), tuple(lines)
