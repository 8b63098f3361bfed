"""Java text through two front ends: a tree-sitter grammar, and a lexer by the Java Language Specification.

Unicode escapes are translated before anything is lexed (JLS 3.3), so that a comment can end in
the middle: a text that has one of a sign that may end something, or a string template, is not read
at all. The order of single-type imports means nothing (JLS 7.5.1): they are compared in order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.languages.blocks import (
    STARTS,
    Bound,
    Dialect,
    bind,
    difference,
    joined,
    template,
    verify_line_ends,
    verify_size,
    without_line_end,
)
from magistrate.impact.languages.reading import Difference, Reading, UnreadableError
from magistrate.impact.languages.trees import Leaf, TreeReading, read_with, verify_agreement

COMMENTS: Final = frozenset({"line_comment", "block_comment"})
ATOMIC: Final = frozenset({"string_literal", "character_literal"})
BLANK: Final = b" \t\f\r\n"
TOKEN: Final = rx(
    rb"(?P<blank>[ \t\f\r\n]+)|(?P<comment>//[^\n]*|/\*(?s:.*?)\*/)"
    rb"|(?P<word>(?:non-sealed|@interface|[A-Za-z_$\x80-\xff][A-Za-z0-9_$\x80-\xff]*)(?![A-Za-z0-9_$\x80-\xff]))"
    rb"|(?P<number>(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]+)?|0[bB][01_]+"
    rb"|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]+)?)[lLfFdD]?(?![A-Za-z0-9_$\x80-\xff]))"
    rb'|(?P<text>"""[ \t\f]*\r?\n(?:[^"\\]|\\(?s:.)|"(?!""))*"""|"(?!"")(?:[^"\\\n]|\\[^\n])*"'
    rb"|'(?:[^'\\\n\x80-\xff]|[\xc0-\xff][\x80-\xbf]+|\\(?:[0-7]{1,3}|[^\nu])|\\u+[0-9a-fA-F]{4})')"
    rb"|(?P<sign>>>>=|<<=|>>=|>>>|\.\.\.|->|::|\+\+|--|&&|\|\||==|!=|<=|>=|\+=|-=|\*=|/=|&=|\|=|\^=|%=|<<|>>"
    rb"|/(?![*/])|[-+*%&|^!~<>=()\[\]{};,.?:@])"
)
"""The lexical elements of Java, longest sign first."""
EMBEDS: Final = rx(rb"(?<!\\)(?:\\\\)*\\\{")
EXECUTABLE: Final = rx(rb"#!|//+[ \t]*(?:usr|bin|/)")
DIALECT: Final = Dialect(
    starts=rx(STARTS),
    counts_lines=rx(r"(?i)checkstyle|suppress|\bcs(?:on|off)\b|\d {0,3}lines?\b|\blines?[ :=]{0,3}\d"),
)
ESCAPE: Final = rx(rb"(?<!\\)(?:\\\\)*+(\\u+[0-9a-fA-F]{0,4})")
UNICODE: Final = rx(rb"\\u+([0-9a-fA-F]{4})")
ENDING: Final = frozenset(b"\n\r\"'\\*/")
"""Signs that end, or begin, a line, a text or a comment."""
HEAD_IMPORTS: Final = rx(
    rb"(?:/\*(?:[^*]|\*(?!/))*+\*/\s*+)?+(?:package [A-Za-z0-9_.]++;[ \t]*+\r?\n)(?P<imports>(?:(?:import [A-Za-z0-9_.]++;)?+[ \t]*+\r?\n)++)"
)
"""At most one block comment, the package, then lines of single-type imports and blank lines."""
IMPORT: Final = rx(rb"import (?:[a-z_][a-z0-9_]*\.)+[A-Z][A-Za-z0-9_]*(?:\.[A-Z][A-Za-z0-9_]*)*;")
KEPT: Final = 4


@lru_cache(maxsize=KEPT)
def read_tree(content: bytes) -> TreeReading:
    """The grammar's reading; raises UnreadableError."""
    import tree_sitter_java  # noqa: PLC0415  native code is loaded only where a file asks for it

    return read_with(tree_sitter_java.language, content, comments=COMMENTS, atomic=ATOMIC)


def verify_escapes(content: bytes) -> None:
    """Escapes that end nothing wherever they stand; raises UnreadableError for others, and for what is none."""
    for found in ESCAPE.finditer(content):
        whole = UNICODE.fullmatch(found[1])
        if whole is None or int(whole[1], 16) in ENDING:
            raise UnreadableError("it has a unicode escape, which is translated before comments and strings are seen")


def in_order(content: bytes) -> bytes:
    """The same text with its single-type imports sorted, where they stand together and no comment is near."""
    first = HEAD_IMPORTS.match(content)
    if first is None or b"\\" in first[0]:
        return content
    lines = [line.strip() for line in first["imports"].split(b"\n")]
    after = content[first.end() :].lstrip(b" \t\r\n")
    loose = [line for line in lines if line and IMPORT.fullmatch(line) is None]
    if loose or after.startswith(b"import") or len({line for line in lines if line}) != len([x for x in lines if x]):
        return content
    return content[: first.start("imports")] + b"\n".join(sorted(lines)) + content[first.end("imports") :]


@lru_cache(maxsize=KEPT)
def read_text(content: bytes) -> Bound:
    """Tokens, and comments bound to them; both front ends agree.

    Raises:
        UnreadableError: where one of them does not accept the text, or they disagree.
    """
    verify_escapes(content)
    if EXECUTABLE.match(content):
        raise UnreadableError("its first line is read by a shell")
    verify_line_ends(content)
    code, tokens, comments = _scan(content)
    verify_size(tokens, comments)
    verify_agreement(content, joined(content, read_tree(content), tokens), tokens, comments, BLANK)
    return bind(content, code, tokens, comments, DIALECT)


def _scan(content: bytes) -> tuple[list[bytes], list[Leaf], list[Leaf]]:
    code: list[bytes] = []
    tokens: list[Leaf] = []
    comments: list[Leaf] = []
    at = 0
    for found in TOKEN.finditer(content):
        if found.start() != at:
            break
        kind, start, at = found.lastgroup or "", at, found.end()
        if kind == "comment":
            comments.append(without_line_end(content, Leaf(kind, start, at)))
        elif kind != "blank":
            if kind == "text" and EMBEDS.search(found[0]):
                raise UnreadableError("it has a string template, whose text is code")
            code.append(found[0])
            tokens.append(Leaf(kind, start, at))
    if at != len(content):
        line = content.count(b"\n", 0, at) + 1
        raise UnreadableError(f"line {line}: the lexer does not accept it")
    return code, tokens, comments


@dataclass(frozen=True, slots=True, kw_only=True)
class Java:
    """A grammar and a lexer, neither believed alone."""

    name: str = "java"
    prose_starts: re.Pattern[str] = field(default_factory=lambda: DIALECT.starts)

    def reads(self, name: str) -> bool:
        """Source, by suffix; the front ends have the last word."""
        return name.endswith(".java")

    def read(self, content: bytes) -> Reading:
        """Tokens and comments."""
        return read_text(in_order(content)).reading

    def same_program(self, before: bytes, after: bytes) -> Difference | None:
        """Shapes of the trees, lines that comments are for, and text that another language may fill in."""
        old, new = in_order(before), in_order(after)
        if read_tree(old).shape != read_tree(new).shape:
            return Difference(why="the syntax trees differ: this changes what the program does")
        return difference(read_text(old), read_text(new)) or template(before, after)

    def no_prose(self, before: bytes, after: bytes) -> str | None:
        """The last documentation comment before a declaration is the one in force: `@deprecated` can be hidden."""
        if read_text(in_order(before)).docs != read_text(in_order(after)).docs:
            return "a documentation comment comes, goes or moves, and may hide the tags of another"
        return None


LANGUAGE: Final = Java()
