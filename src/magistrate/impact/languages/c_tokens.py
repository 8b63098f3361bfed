"""The preprocessing tokens of C and C++ by a regular grammar (C17 6.4, C++20 5.4), directives and their line ends included.

What is a directive, and where it ends, is decided by line ends outside of comments: a `#` that is
the first token of its line begins one. Where readers of different standards or compilers would see
other tokens (trigraphs, digraphs, raw strings in C, splices inside tokens), the text is not read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.languages.trees import Leaf

WORD: Final = rb"[A-Za-z_][A-Za-z0-9_]*+"
NUMBER: Final = rb"\.?[0-9](?:[eEpP][+-]|[A-Za-z0-9_.])*+"
SEPARATED: Final = rb"\.?[0-9](?:[eEpP][+-]|'[A-Za-z0-9_]|[A-Za-z0-9_.])*+"
RAW: Final = rb'(?:u8|[uUL])?R"(?P<mark>[^ ()\\\t\v\f\r\n"]{0,16})\((?s:.*?)\)(?P=mark)"'
REST: Final = (
    rb"|(?P<text>(?:u8|[uUL])?(?:\"(?:[^\"\\\n]|\\\r?\n|\\[^\r\n])*+\"|'(?:[^'\\\n]|\\[^\r\n])++'))"
    rb"|(?P<word>" + WORD + rb")"
    rb"|(?P<sign>\.\.\.|<<=|>>=|->\*?|<=>|<<|>>|<=|>=|==|!=|&&|\|\||\+\+|--|[-+*/%&^|]=|##|::|\.\*|/(?![/*])"
    rb"|[-+*%&|^~!=<>?:;,.()\[\]{}#])"
)
LAYOUT: Final = rb"(?P<line>\r?\n)|(?P<blank>(?:[ \t\f]|\\\r?\n)++)|(?P<said>//[^\n]*+)|(?P<block>/\*(?s:.*?)\*/)"
PLAIN: Final = rx(LAYOUT + rb"|(?P<number>" + NUMBER + rb")" + REST)
PLUS: Final = rx(LAYOUT + rb"|(?P<raw>" + RAW + rb")|(?P<number>" + SEPARATED + rb")" + REST)
HEADER: Final = rx(rb"(?P<header><[A-Za-z0-9_./+-]++>|\"[A-Za-z0-9_./+-]++\")")
TRIGRAPH: Final = rx(rb"\?\?/")
"""A backslash for some compilers; the other trigraphs are signs, and matter outside of texts only."""
STRAY_SPLICE: Final = rx(rb"\\[ \t\f]+\r?\n")
SPLICE_IN_COMMENT: Final = rx(rb"[*/\\]\\\r?\n|\\\r?\n[*/]")
DIGRAPH: Final = rx(rb"<%|%>|%:|<:|:>")
SCOPED: Final = rx(rb"<::(?![:>])")
"""C++ since 2011: `<` and `::`, no digraph."""
QUOTED_MESSAGE: Final = rx(rb'[ \t]*"[^"\\]*"')
RAW_START: Final = rx(rb"(?:u8|[uUL])?R\Z")
TAKES_HEADER: Final = frozenset({b"include", b"include_next", b"import", b"embed"})
SAYS: Final = frozenset({b"error", b"warning"})
OPENS: Final = frozenset({b"if", b"ifdef", b"ifndef"})
BRANCHES: Final = frozenset({b"elif", b"elifdef", b"elifndef", b"else"})
DIRECTIVES: Final = OPENS | BRANCHES | SAYS | TAKES_HEADER | {b"endif", b"define", b"undef", b"pragma"}
"""What is read; `#line` gives lines other numbers, and what else there is belongs to one compiler."""
NOTHING: Final = 0
"""A token of no directive."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A token; `gap`: something blank stands before it; `directive`: number of its directive, from 1, or `NOTHING`."""

    kind: str
    start: int
    end: int
    text: bytes
    gap: bool
    line: int
    directive: int


@dataclass(slots=True)
class Scanned:
    """All tokens and comments, in the order of the text."""

    pieces: list[Piece] = field(default_factory=list)
    comments: list[Leaf] = field(default_factory=list)


def scan(content: bytes, *, plus: bool) -> Scanned:
    """Read a text; `plus`: it is C++, and no C.

    Raises:
        UnreadableError: the lexer does not accept the text, or readers differ about it.
    """
    if TRIGRAPH.search(content):
        raise UnreadableError("it has a trigraph, which some compilers replace before they read")
    if STRAY_SPLICE.search(content):
        raise UnreadableError("a backslash before blanks ends a line for some readers only")
    lexer = _Lexer(content, plus=plus)
    lexer.run()
    return lexer.made


class _Lexer:
    """One pass."""

    def __init__(self, content: bytes, *, plus: bool) -> None:
        self.made = Scanned()
        self._content, self._plus = content, plus
        self._line, self._gap, self._first = 1, False, True
        self._directive, self._directives, self._named, self._asks = NOTHING, 0, b"", False

    def run(self) -> None:
        """Read to the end."""
        content, at, size = self._content, 0, len(self._content)
        pattern = PLUS if self._plus else PLAIN
        while at < size:
            found = None
            if self._directive and self._named in TAKES_HEADER:
                found = HEADER.match(content, at)
            elif self._directive and self._named in SAYS:
                at = self._say(at)
                continue
            found = found or pattern.match(content, at)
            if found is None:
                raise self._refused("the lexer does not accept it")
            kind, text = found.lastgroup or "", found[0]
            if kind == "line":
                self._line += 1
                self._gap, self._first, self._directive, self._named, self._asks = True, True, NOTHING, b"", False
            elif kind == "blank":
                self._blank(text, at)
            elif kind in {"said", "block"}:
                self._comment(kind, text, at)
            else:
                self._token(kind, text, at)
            at = found.end()

    def _refused(self, why: str) -> UnreadableError:
        return UnreadableError(f"line {self._line}: {why}")

    def _blank(self, text: bytes, at: int) -> None:
        if b"\f" in text and (self._directive or self._content[at + len(text) : at + len(text) + 1] == b"#"):
            raise self._refused("a form feed beside a directive")
        if b"\\" in text and self._content[at + len(text) : at + len(text) + 1] in {b"\r", b"\n", b""}:
            raise self._refused("a line is continued into an empty one")
        if text.startswith(b"\\") and text.lstrip(b"\\\r\n") == b"":
            self._verify_splice(at, at + len(text))
        else:
            self._gap = True
        self._line += text.count(b"\n")

    def _verify_splice(self, start: int, end: int) -> None:
        """A splice without a blank joins what stands around it: only signs that never join may."""
        around = (self._content[start - 1 : start], self._content[end : end + 1])
        if not any(one and one in b";,{}()[]\n" for one in around):
            raise self._refused("a line is continued inside a token")

    def _say(self, at: int) -> int:
        """The message of `#error`, as it stands; a comment in it is read differently by compilers."""
        end = self._content.find(b"\n", at)
        end = len(self._content) if end < 0 else end
        text = self._content[at:end].rstrip(b" \t\r\f")
        said = b"" if QUOTED_MESSAGE.fullmatch(text) else text
        if any(sign in said for sign in (b"/*", b"//", b'R"')) or text.endswith(b"\\"):
            raise self._refused("a message with a comment or a continued line")
        body = text.lstrip(b" \t")
        self._gap = True
        if body:
            self._token("said", body, at + len(text) - len(body))
        self._named = b"said"
        return at + len(text)

    def _comment(self, kind: str, text: bytes, at: int) -> None:
        if self._asks:
            raise self._refused("a comment where a name of a header may stand")
        if SPLICE_IN_COMMENT.search(text) or (kind == "said" and text.rstrip(b"\r").endswith(b"\\")):
            raise self._refused("a line is continued in a comment")
        end = at + len(text.rstrip(b"\r")) if kind == "said" else at + len(text)
        self.made.comments.append(Leaf("comment", at, end))
        self._line += text.count(b"\n")
        self._gap = True

    def _token(self, kind: str, text: bytes, at: int) -> None:
        content, end = self._content, at + len(text)
        if kind == "sign":
            self._verify_sign(at)
        if kind == "word" and content[end : end + 1] == b'"' and RAW_START.fullmatch(text):
            raise self._refused("a raw string for some readers only")
        if kind in {"number", "word"} and content[end : end + 1] == b"'":
            raise self._refused("a quote that parts digits for some readers only")
        if self._first and text == b"#":
            self._directives += 1
            self._directive = self._directives
        elif self._directive and not self._named:
            if text not in DIRECTIVES:
                raise self._refused("a directive that belongs to one compiler, or gives lines other numbers")
            self._named = text
        elif self._named in TAKES_HEADER and kind != "header" and text[:1] in b"<\"'":
            raise self._refused("a name of a header that readers may see another way")
        self._asks = self._asks or (self._directive > NOTHING and text.startswith(b"__has_"))
        if self._named in TAKES_HEADER and kind == "header":
            self._named = b"taken"
        self.made.pieces.append(Piece(kind, at, end, text, self._gap, self._line, self._directive))
        self._line += text.count(b"\n")
        self._gap, self._first = False, False

    def _verify_sign(self, at: int) -> None:
        spelled = DIGRAPH.match(self._content, at) or self._content.startswith((b"::>", b"??"), at)
        if spelled and not (self._plus and SCOPED.match(self._content, at)):
            raise self._refused("an alternative spelling of a bracket or of `#`")
