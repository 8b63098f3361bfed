"""Go text through two front ends: a tree-sitter grammar, and a lexer by the Go specification.

The lexer inserts the semicolons that line ends mean (Go specification, "Semicolons"), a line end
inside a block comment included, so that equal tokens are one program.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from magistrate.domain.impact import ProofStatus
from magistrate.impact.compiled import rx
from magistrate.impact.languages.reading import Comment, Difference, Reading, UnreadableError
from magistrate.impact.languages.trees import Leaf, TreeReading, read_with, verify_agreement

COMMENTS: Final = frozenset({"comment"})
ATOMIC: Final = frozenset({"interpreted_string_literal", "raw_string_literal", "rune_literal"})
BLANK: Final = b" \t\r\n"
TOKEN: Final = rx(
    rb"(?P<blank>[ \t]+)|(?P<line>\r?\n)|(?P<comment>//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)"
    rb"|(?P<word>(?:[A-Za-z_]|[\x80-\xff])(?:[A-Za-z0-9_]|[\x80-\xff])*)"
    rb"|(?P<number>0[xX](?:_?[0-9a-fA-F])*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]+)?i?"
    rb"|0[bBoO][0-9_]+i?|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]+)?i?|\.[0-9][0-9_]*(?:[eE][+-]?[0-9_]+)?i?)"
    rb'|(?P<text>"(?:[^"\\\n]|\\[^\n])*"|`[^`]*`|\'(?:[^\'\\\n]|\\[^\n])+\')'
    rb"|(?P<sign>&\^=|<<=|>>=|\.\.\.|&&|\|\||<-|\+\+|--|==|!=|<=|>=|:=|\+=|-=|\*=|/=|%=|&=|\|=|\^=|<<|>>|&\^"
    rb"|/(?![/*])|[-+*%&|^<>=!()\[\]{},;.:~])"
)
"""The lexical elements of Go, longest sign first."""
ENDS_STATEMENT: Final = frozenset({b"break", b"continue", b"fallthrough", b"return", b"++", b"--", b")", b"]", b"}"})
KEYWORDS: Final = frozenset(
    b"break case chan const continue default defer else fallthrough for func go goto if import interface map package "
    b"range return select struct switch type var".split()
)
SEMICOLON: Final = b"\n"
"""The semicolon that a line end means; an explicit one is `;`."""
EXAMPLE_OUTPUT: Final = rx(rb"(?im)^[ \t]*(?://|/\*)[ \t]*(?:unordered[ \t]+)?output:")
CGO: Final = rx(
    rb'(?:(?:\bimport[ \t]*\(?|[;\n]|\*/)[ \t]*(?:[A-Za-z_.][A-Za-z0-9_]*[ \t]*)?|^[^\n]*\bimport\b[^\n]*)(?:"C"|`C`)'
)
"""`"C"` where an import can have it: behind `import`, or at the start of a line or a bracket."""
DIRECTIVE: Final = rx(rb"(?m)^[ \t]*(?://|/\*)(?:go:|line |export |extern |[ \t]*\+)")
KEPT: Final = 4


@lru_cache(maxsize=KEPT)
def read_tree(content: bytes) -> TreeReading:
    """The grammar's reading; raises UnreadableError."""
    import tree_sitter_go  # noqa: PLC0415  native code is loaded only where a file asks for it

    return read_with(tree_sitter_go.language, content, comments=COMMENTS, atomic=ATOMIC)


@lru_cache(maxsize=KEPT)
def read_text(content: bytes) -> Reading:
    """Tokens, with the semicolons that line ends mean, and comments; both front ends agree.

    Raises:
        UnreadableError: where one of them does not accept the text, or they disagree.
    """
    scan = _Scan(content)
    verify_agreement(content, read_tree(content), scan.tokens, scan.leaves, BLANK)
    return Reading(code=tuple(scan.code), comments=tuple(scan.comments), comment_lines=tuple(scan.lines))


class _Scan:
    """One pass of the lexer."""

    def __init__(self, content: bytes) -> None:
        self.code: list[bytes] = []
        self.tokens: list[Leaf] = []
        self.leaves: list[Leaf] = []
        self.comments: list[Comment] = []
        self.lines: list[int] = []
        self._content, self._line, self._line_starts_at, self._may_end = content, 1, 0, False
        at = 0
        while at < len(content):
            found = TOKEN.match(content, at)
            if found is None:
                raise UnreadableError(f"line {self._line}: the lexer does not accept it")
            self._take(found.lastgroup or "", found[0], at)
            at = found.end()
        self._end_line()

    def _take(self, kind: str, text: bytes, at: int) -> None:
        if kind == "line":
            self._end_line()
            self._line += 1
        elif kind == "comment":
            self._comment(text, at)
        elif kind != "blank":
            self.code.append(text)
            self.tokens.append(Leaf(kind, at, at + len(text)))
            plain = kind in {"number", "text"} or (kind == "word" and text not in KEYWORDS)
            self._may_end = plain or text in ENDS_STATEMENT
            self._line += text.count(b"\n")

    def _end_line(self) -> None:
        if self._may_end:
            self.code.append(SEMICOLON)
        self._may_end = False
        self._line_starts_at = len(self.code)

    def _comment(self, text: bytes, at: int) -> None:
        """A comment; a block with a line end in it ends the line like one."""
        end = at + len(text)
        self.leaves.append(Leaf("comment", at, end))
        started, before = self._line_starts_at, len(self.code)
        for number, part in enumerate(_parts(text)):
            alone = _blank_line_after(self._content, end)
            made = Comment(text=part, tokens_before=before, line_starts_at=started, alone=alone, inside=number > 0)
            self.comments.append(made)
            self.lines.append(self._line + number)
        if b"\n" in text:
            self._line += text.count(b"\n")
            self._end_line()


def _parts(text: bytes) -> list[str]:
    """A comment as it is compared: a block line by line, its marks with the first and the last."""
    try:
        whole = text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableError("a comment is not UTF-8") from error
    return [line.rstrip("\r") for line in whole.split("\n")]


def _blank_line_after(content: bytes, end: int) -> bool:
    rest = content[end : end + 4_096].replace(b"\r\n", b"\n").lstrip(b" \t\r")
    return not rest or (rest.startswith(b"\n") and not rest[1:].split(b"\n", 1)[0].strip(b" \t\r"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """A grammar and a lexer, neither believed alone."""

    name: str = "go"
    prose_starts: re.Pattern[str] = field(default_factory=lambda: re.compile(r"//(?: |\Z)"))

    def reads(self, name: str) -> bool:
        """Source, by suffix; the front ends have the last word."""
        return name.endswith(".go")

    def read(self, content: bytes) -> Reading:
        """Tokens and comments."""
        return read_text(content)

    def same_program(self, before: bytes, after: bytes) -> Difference | None:
        """Shapes of the trees, and text that another language may fill in."""
        if read_tree(before).shape != read_tree(after).shape:
            return Difference(why="the syntax trees differ: this changes what the program does")
        if any(b"{{" in side and b"}}" in side for side in (before, after)) and _braces(before) != _braces(after):
            return Difference(why="it may be a template of another language", status=ProofStatus.UNKNOWN)
        return None

    def no_prose(self, before: bytes, after: bytes) -> str | None:
        """What reads comments as more than prose: cgo, and tests by examples."""
        for side in (before, after):
            if CGO.search(side):
                return "the file may use cgo, whose comments are C source"
            if EXAMPLE_OUTPUT.search(side):
                return "the file has an example whose comment is its expected output"
        return None


def _braces(content: bytes) -> list[bytes]:
    """What stands between doubled braces, as a template engine would find it."""
    return re.findall(rb"\{\{[^{}]{0,2000}\}\}", content)


LANGUAGE: Final = Go()
