"""The tokens of ECMAScript, TypeScript and JSX by a lexer of our own (ECMA-262 clause 12, Annex B.1; JSX).

What a slash or a `<` is depends on what stands before it. Where that is not certain from the
tokens alone, the text is not read at all; so are comments in the manner of HTML and escapes in names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from magistrate.impact.compiled import rx
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.languages.trees import Leaf

WORDS: Final = rb"[A-Za-z_$\x80-\xff][A-Za-z0-9_$\x80-\xff]*+"
BLANKS: Final = rb"(?P<blank>[ \t\r\n]++)|(?P<comment>//[^\n]*+|/\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/)"
TOKEN: Final = rx(
    BLANKS + rb"|(?P<word>" + WORDS + rb")|(?P<private>#" + WORDS + rb")"
    rb"|(?P<number>(?>0[xX][0-9a-fA-F_]+n?|0[oO][0-7_]+n?|0[bB][01_]+n?"
    rb"|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]+)?n?)(?![A-Za-z0-9_$\\\x80-\xff]))"
    rb"|(?P<string>\"(?:[^\"\\\n]++|\\(?:\r\n|[\s\S]))*+\"|'(?:[^'\\\n]++|\\(?:\r\n|[\s\S]))*+')"
    rb"|(?P<chunk>`)"
    rb"|(?P<sign>\.\.\.|\?\.(?![0-9])|\?\?=|\?\?|=>|===|==|!==|!=|\*\*=|\*\*|\+\+|--|&&=|&&|\|\|=|\|\||<<=|<<|<="
    rb"|[-+*/%&|^]=|[-+*/%&|^!~<>=()\[\]{},;.:?@])"
)
"""The lexical elements, longest sign first; what begins with `>` is taken sign by sign."""
CHUNK: Final = rx(rb"[`}](?:[^`\\$]++|\\[\s\S]|\$(?!\{))*+(?:`|\$\{)")
REGEX: Final = rx(
    rb"/(?![*/])(?:[^/\\\[\n]++|\\[^\n]|\[(?:[^\]\\\n]++|\\[^\n])*+\])++/[A-Za-z0-9_$]*+(?![\\\x80-\xff])"
)
TAG_TOKEN: Final = rx(
    BLANKS
    + rb"|(?P<name>[A-Za-z_$\x80-\xff][A-Za-z0-9_$\x80-\xff-]*+)|(?P<string>\"[^\"]*+\"|'[^']*+')|(?P<sign>/>|[>=:.{])"
)
TEXT: Final = rx(rb"[^<{]++")
HEAD: Final = rx(rb"#![^\n]*")
GENERIC_ARROW: Final = rx(rb"<\s*+(?:const\s++)?+" + WORDS + rb"\s*+(?:,|extends\s++(?![=>/]))")
"""How TypeScript tells the type parameters of an arrow function from an element of JSX."""
TAG: Final = "tag"
CHILDREN: Final = "children"
FOR: Final = "for("
HOLE: Final = "${"
EXPRESSION: Final = "jsx{"
CONTROL: Final = "control"
BLOCK: Final = "block"
CONTROL_WORDS: Final = frozenset({b"if", b"while", b"for", b"with", b"switch", b"catch"})
BLOCK_WORDS: Final = frozenset({b"else", b"try", b"finally", b"do", b"catch"})
BEFORE_OPERAND: Final = frozenset(b"return typeof instanceof in new delete void throw case do else default".split())
UNCLEAR: Final = frozenset(
    b"yield await of let if while for with switch try catch finally function class const var import export extends "
    b"implements interface enum break continue debugger as satisfies is keyof infer readonly async static get set".split()
)
CLOSING: Final = {b")": frozenset({"(", FOR}), b"]": frozenset({"["}), b"}": frozenset({"{", EXPRESSION})}
MAX_OPEN: Final = 1_000


class Token(NamedTuple):
    """A token: its place, what stands around it, whether a line ended before it.

    `place` is the innermost bracket that is open before it; `closes` says what a bracket ended;
    `free` that a word is no name of a property; `glued` that it follows a `>` without a blank.
    """

    kind: str
    start: int
    end: int
    text: bytes
    line_before: bool
    place: str
    closes: str = ""
    free: bool = True
    glued: bool = False


@dataclass(frozen=True, slots=True)
class Flavour:
    """What a kind of file allows: types, elements of JSX."""

    typed: bool
    markup: bool


class _Open(NamedTuple):
    kind: str
    purpose: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """A text as the lexer reads it; `head` is the interpreter line, which is no token."""

    head: bytes
    tokens: tuple[Token, ...]
    comments: tuple[Leaf, ...]


def scan(content: bytes, flavour: Flavour) -> Scanned:
    """All tokens and comments.

    Raises:
        UnreadableError: the lexer does not accept the text, or cannot be certain of it.
    """
    if b"\xe2\x80\xa8" in content or b"\xe2\x80\xa9" in content:
        raise UnreadableError("it has a line end that not every reader knows")
    head = HEAD.match(content)
    lexer = _Lexer(content, flavour)
    lexer.run(head.end() if head else 0)
    return Scanned(head=head[0] if head else b"", tokens=tuple(lexer.tokens), comments=tuple(lexer.comments))


class _Lexer:
    """One pass; `_operand` says whether an operand has just ended (None: not certain)."""

    def __init__(self, content: bytes, flavour: Flavour) -> None:
        self.tokens: list[Token] = []
        self.comments: list[Leaf] = []
        self._content, self._flavour = content, flavour
        self._open: list[_Open] = []
        self._operand: bool | None = False
        self._line_before = False

    def run(self, at: int) -> None:
        """Read from a place to the end."""
        content = self._content
        while at < len(content):
            inside = self._open[-1].kind if self._open else ""
            if inside == CHILDREN:
                at = self._child(at)
                continue
            found = (TAG_TOKEN if inside == TAG else TOKEN).match(content, at)
            if found is None:
                raise self._refused(at, "the lexer does not accept it")
            kind, text, end = found.lastgroup or "", found[0], found.end()
            if kind in {"blank", "comment"}:
                self._line_before = self._line_before or b"\n" in text
                if kind == "comment":
                    if inside == TAG and (self._open[-1].purpose or self.tokens[-1].text == b"<"):
                        raise self._refused(at, "a comment stands where `</` and `//` are read in two ways")
                    self.comments.append(Leaf(kind, at, at + len(text.rstrip(b"\r")) if text[1] == ord("/") else end))
                at = end
            elif inside == TAG:
                self._tag(kind, text, at)
                at = end
            else:
                at = self._code(kind, text, at)
        if self._open:
            raise self._refused(at, "a bracket is never closed")

    def _refused(self, at: int, why: str) -> UnreadableError:
        line = self._content.count(b"\n", 0, at) + 1
        return UnreadableError(f"line {line}: {why}")

    def _add(self, kind: str, text: bytes, at: int, *, free: bool = True, glued: bool = False) -> int:
        place = self._open[-1].kind if self._open else ""
        end = at + len(text)
        self.tokens.append(Token(kind, at, end, text, self._line_before, place, "", free, glued))
        self._line_before = False
        return end

    def _push(self, at: int, kind: str, purpose: str = "") -> None:
        if len(self._open) >= MAX_OPEN:
            raise self._refused(at, "it is nested too deeply to judge")
        self._open.append(_Open(kind, purpose))

    def _pop(self, at: int, kinds: frozenset[str]) -> _Open:
        if not self._open or self._open[-1].kind not in kinds:
            raise self._refused(at, "brackets do not match")
        return self._open.pop()

    def _code(self, kind: str, text: bytes, at: int) -> int:
        if kind == "word":
            free = not self.tokens or self.tokens[-1].text not in {b".", b"?."}
            self._operand = not free or (None if text in UNCLEAR else text not in BEFORE_OPERAND)
            return self._add(kind, text, at, free=free)
        if kind == "sign":
            return self._sign(text, at)
        if kind == "chunk":
            self._push(at, HOLE)
            return self._chunk(at)
        self._operand = True
        return self._add(kind, text, at)

    def _chunk(self, at: int) -> int:
        """A piece of a template literal, from a backtick or the end of a substitution to the next of them."""
        found = CHUNK.match(self._content, at)
        if found is None:
            raise self._refused(at, "a template literal is never closed")
        self._operand = found[0].endswith(b"`")
        if self._operand:
            self._pop(at, frozenset({HOLE}))
        return self._add("chunk", found[0], at)

    def _sign(self, text: bytes, at: int) -> int:
        first = text[:1]
        if first in b"([{":
            return self._opening(text, at)
        if first in b")]}":
            return self._closing(text, at)
        if first == b"/":
            return self._slash(text, at)
        if first == b"<":
            return self._less(text, at)
        glued = False
        if first in b">=" and self._after_greater(at):
            text, glued = first, True
        before = self._operand
        if first == b"!" and text == b"!" and self._flavour.typed:
            self._operand = False if self._line_before else before
        elif first == b">":
            self._operand = None if self._flavour.typed else False
        elif text in {b"++", b"--"}:
            if text == b"--" and self._content[at + 2 : at + 3] == b">":
                raise self._refused(at, "`-->` is a comment for some readers")
            self._operand = None
        else:
            self._operand = None if text in {b".", b"?.", b"@"} else False
        return self._add("sign", text, at, glued=glued)

    def _after_greater(self, at: int) -> bool:
        last = self.tokens[-1] if self.tokens else None
        run = last is not None and last.end == at and last.kind == "sign"
        return run and last is not None and (last.text == b">" or last.glued) and last.place != TAG

    def _opening(self, text: bytes, at: int) -> int:
        last = self.tokens[-1] if self.tokens else None
        free = last is not None and last.kind == "word" and last.free
        kind, purpose = text.decode(), ""
        if text == b"(" and last is not None and free:
            awaited = last.text == b"await" and self.tokens[-2:-1] and self.tokens[-2].text == b"for"
            purpose = CONTROL if last.text in CONTROL_WORDS or awaited else ""
            kind = FOR if last.text == b"for" or awaited else kind
        elif text == b"{" and last is not None:
            purpose = BLOCK if last.closes == CONTROL or (free and last.text in BLOCK_WORDS) else ""
        end = self._add("sign", text, at)
        self._push(at, kind, purpose)
        self._operand = False
        return end

    def _closing(self, text: bytes, at: int) -> int:
        if text == b"}" and self._open and self._open[-1].kind == HOLE:
            return self._chunk(at)
        place = self._open[-1].kind if self._open else ""
        opened = self._pop(at, CLOSING[text])
        self._operand = {b")": opened.purpose != CONTROL, b"]": True, b"}": None}[text]
        end = self._add("sign", text, at)
        self.tokens[-1] = self.tokens[-1]._replace(place=place, closes=opened.purpose)
        return end

    def _slash(self, text: bytes, at: int) -> int:
        if self._operand is None:
            raise self._refused(at, "a slash may divide or begin a regular expression")
        if self._operand:
            self._operand = False
            return self._add("sign", text, at)
        found = REGEX.match(self._content, at)
        if found is None:
            raise self._refused(at, "the lexer does not accept it")
        self._operand = True
        return self._add("regex", found[0], at)

    def _less(self, text: bytes, at: int) -> int:
        if self._content.startswith(b"<!--", at):
            raise self._refused(at, "`<!--` is a comment for some readers")
        element = self._flavour.markup and self._operand is False
        if element and self._flavour.typed and GENERIC_ARROW.match(self._content, at):
            element = False
        if not element:
            self._operand = False
            return self._add("sign", text, at)
        end = self._add("sign", b"<", at)
        self._push(at, TAG)
        return end

    def _tag(self, kind: str, text: bytes, at: int) -> None:
        """A token between `<` and `>` of an element."""
        last = self.tokens[-1]
        if b"." in (text, last.text) and last.end != at and kind != "string" and last.kind != "string":
            raise self._refused(at, "the parts of a name stand apart, which readers differ about")
        self._add(kind, text, at)
        if text == b"{" and kind == "sign":
            self._push(at, EXPRESSION)
            self._operand = False
        elif text == b"/>" or (text == b">" and kind == "sign" and self._open[-1].purpose):
            closes = self._pop(at, frozenset({TAG})).purpose
            if closes:
                self._pop(at, frozenset({CHILDREN}))
                if text == b"/>":
                    raise self._refused(at, "brackets do not match")
            self._operand = True
        elif text == b">" and kind == "sign":
            self._pop(at, frozenset({TAG}))
            self._push(at, CHILDREN)

    def _child(self, at: int) -> int:
        """Text, an expression or an element between the tags of an element."""
        found = TEXT.match(self._content, at)
        if found is not None:
            if b">" in found[0] or b"}" in found[0]:
                raise self._refused(at, "text of an element has a bracket")
            return self._add("text", found[0], at)
        if self._content[at : at + 1] == b"{":
            end = self._add("sign", b"{", at)
            self._push(at, EXPRESSION)
            self._operand = False
            return end
        ends = self._content.startswith(b"</", at)
        end = self._add("sign", b"</" if ends else b"<", at)
        self._push(at, TAG, "ends" if ends else "")
        return end
