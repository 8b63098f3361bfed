"""The second front end for what TypeScript erases: tokens of our own lexer, and a reader of types above them.

Rule kept (0010): a place that the grammar calls a type is believed only where this reader, begun at the
same token, takes it for one as well and ends at the same token. What it does not know is refused.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from magistrate.impact.languages import typescript_erasure as places
from magistrate.impact.languages.ecmascript_tokens import Token
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.languages.typescript_erasure import Erased

DISAGREE: Final = "two front ends disagree about where a type begins or ends"
CLOSES: Final = {b"(": b")", b"[": b"]", b"{": b"}"}
PREFIXES: Final = frozenset({b"keyof", b"readonly", b"unique", b"infer"})
NO_NAME: Final = frozenset(
    b"if while for with switch try catch finally function class var let return throw case do else default delete in instanceof await yield "
    b"export enum import extends implements new abstract asserts is break continue debugger super".split()
)
DECLARES: Final = frozenset({b"let", b"const", b"var"})
STANDS_BEHIND: Final = frozenset(b") ] } , ; . ?. = => && || ?? === !== == != {".split())
"""Signs that go on, or begin a block, the same whether a type stood before their line or not."""
NO_SAFE_WORD: Final = frozenset({b"as", b"satisfies", b"instanceof", b"in", b"is", b"of", b"extends", b"implements"})
NO_NAME_YET: Final = frozenset({b"get", b"set", b"static", b"async", b"accessor", b"declare", b"abstract"})
MODIFIERS: Final = frozenset({b"public", b"private", b"protected", b"override", b"readonly"})
NOT_BEHIND: Final = frozenset(b"++ -- = += -= *= /= %= **= &= |= ^= &&= ||= ??= ( [ { . ?. ! => ` @".split())
"""What cannot stand behind the type of an assertion on its line."""
MAX_NESTED: Final = 60
END: Final = Token("end", 0, 0, b"", line_before=True, place="")


def verify_places(tokens: Sequence[Token], erased: Sequence[Erased]) -> None:
    """Each place is what the grammar says, for this reader too; raises UnreadableError where it is not."""
    reader = _Types(tokens)
    starts = [token.start for token in tokens]
    for one in erased:
        first, last = bisect_left(starts, one.start), bisect_left(starts, one.end) - 1
        if first > last or starts[first] != one.start or tokens[last].end != one.end:
            raise UnreadableError(DISAGREE)
        ends = _READ[one.kind](reader, first)
        if ends != last + 1:
            raise UnreadableError(DISAGREE)
        _verify_around(reader, one, first, ends)


def _verify_around(reader: _Types, one: Erased, first: int, ends: int) -> None:
    """What stands on the lines before and behind is one program with and without the place."""
    token, behind = reader.at(first), reader.at(ends)
    own_line = one.kind in {places.STATEMENT, places.MODIFIER}
    if token.line_before and not own_line and first:
        raise UnreadableError("a type begins on a line of its own, where a line end may end a statement")
    if not behind.line_before or behind.kind == "end":
        return
    if own_line and one.kind == places.MODIFIER:
        raise UnreadableError("a word before a member stands on a line of its own")
    safe = behind.kind == "word" and behind.text not in NO_SAFE_WORD
    if one.kind == places.STATEMENT:
        if not safe and behind.text != b"}":
            raise UnreadableError("behind a declaration of types stands what may go on with the line before it")
    elif not safe and behind.kind not in {"string", "number", "private"} and behind.text not in STANDS_BEHIND:
        raise UnreadableError("behind a type stands a line that may go on with what is before it")


class _Types:
    """Reads types by recursive descent; each method takes the place of a token and gives the place behind."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._partner: dict[int, int] = {}
        self.opener: list[int] = []
        open_: list[int] = []
        for n, token in enumerate(tokens):
            text = token.text
            if token.kind == "sign" and text in {b")", b"]", b"}"} and open_:
                self._partner[open_.pop()] = n
            self.opener.append(open_[-1] if open_ else -1)
            if token.kind == "sign" and text in CLOSES:
                open_.append(n)
        self._depth = 0

    def at(self, n: int) -> Token:
        """The token at a place; behind the last one stands the end."""
        return self._tokens[n] if 0 <= n < len(self._tokens) else END

    def text(self, n: int) -> bytes:
        """Its text, empty for strings and other tokens that are no words or signs."""
        token = self.at(n)
        return token.text if token.kind in {"word", "sign"} else b""

    def closed(self, n: int) -> int:
        """Behind the bracket that opens at a place."""
        end = self._partner.get(n)
        if end is None or self.text(end) != CLOSES.get(self.text(n)):
            raise UnreadableError(DISAGREE)
        return end + 1

    def members(self, n: int) -> int:
        """Behind the bracket that opens at a place; no member inside is empty, which only some readers accept."""
        end = self.closed(n)
        for at in range(n + 1, end):
            if self.text(at) in {b";", b","} and self.text(at - 1) in {b"{", b"[", b"(", b"<", b";", b","}:
                raise UnreadableError("a type has an empty member")
            if self.text(at) in {b"export", b"import"}:
                raise UnreadableError("a type has a statement among its members")
        return end

    def expect(self, n: int, text: bytes) -> int:
        """Behind one certain token."""
        if self.text(n) != text:
            raise UnreadableError(DISAGREE)
        return n + 1

    def word(self, n: int) -> int:
        """Behind a name."""
        if self.at(n).kind != "word":
            raise UnreadableError(DISAGREE)
        return n + 1

    def type(self, n: int) -> int:
        """A whole type: unions, and conditional types."""
        self._depth += 1
        if self._depth > MAX_NESTED:
            raise UnreadableError("a type is nested too deeply to judge")
        alone = self.text(n) not in {b"|", b"&"}
        n = self._operand(n if alone else n + 1, alone=alone)
        while self.text(n) in {b"|", b"&"}:
            n = self._operand(n + 1, alone=False)
        if self.text(n) == b"extends" and not self.at(n).line_before:
            n = self.expect(self.type(n + 1), b"?")
            n = self.expect(self.type(n), b":")
            n = self.type(n)
        self._depth -= 1
        return n

    def _operand(self, n: int, *, alone: bool) -> int:
        """`alone`: nothing stands before it, so a type of functions may be."""
        while self.text(n) in PREFIXES and self.at(n + 1).kind in {"word", "sign"} and self._goes_on(n + 1):
            n, alone = n + 1, False
        n = self._primary(n, alone=alone)
        while self.text(n) == b"[" and not self.at(n).line_before:
            n = self.closed(n)
        return n

    def _goes_on(self, n: int) -> bool:
        return self.at(n).kind == "word" or self.text(n) in {b"(", b"{", b"["}

    def _primary(self, n: int, *, alone: bool) -> int:
        token = self.at(n)
        if token.kind in {"string", "number"} or (token.kind == "chunk" and token.text.endswith(b"`")):
            return n + 1
        text = self.text(n)
        if text == b"-" and self.at(n + 1).kind == "number":
            return n + 2
        if text == b"(":
            n = self.closed(n)
            if self.text(n) == b"=>" and not alone:
                raise UnreadableError("a type of functions stands where it needs brackets")
            return self.type(n + 1) if self.text(n) == b"=>" else n
        if text == b"<" and alone:
            n = self.parameters(n)
            self.expect(n, b"(")
            return self.type(self.expect(self.closed(n), b"=>"))
        if text in {b"{", b"["}:
            return self.members(n)
        if token.kind != "word" or (text in NO_NAME and token.free):
            raise UnreadableError(DISAGREE)
        return self._name(n + 1 if text == b"typeof" else n)

    def _name(self, n: int) -> int:
        n = self.word(n)
        while self.text(n) == b".":
            n = self.word(n + 1)
        return self.arguments(n) if self.text(n) == b"<" and not self.at(n).line_before else n

    def arguments(self, n: int) -> int:
        """`<A, B>`."""
        n = self.type(self.expect(n, b"<"))
        while self.text(n) == b",":
            n = self.type(n + 1)
        return self.expect(n, b">")

    def parameters(self, n: int) -> int:
        """`<A extends B = C, D>`."""
        n = self.expect(n, b"<")
        while self.text(n) != b">":
            n = self.word(n + (self.text(n) == b"const"))
            if self.text(n) == b"extends":
                n = self.type(n + 1)
            if self.text(n) == b"=":
                n = self.type(n + 1)
            if self.text(n) != b">":
                n = self.expect(n, b",")
        return n + 1

    def names(self, n: int) -> int:
        """Names with their arguments, and commas between them."""
        n = self._name(n)
        while self.text(n) == b",":
            n = self._name(n + 1)
        return n

    def binds(self, n: int) -> bool:
        """Whether the `:` at a place can only stand behind a name that is bound, or behind a list of parameters."""
        before = self.text(n - 1)
        if before == b")":
            return True
        if before in {b"?", b"!"}:
            n -= 1
        opened = self.opener[n]
        if self.text(opened) == b"(":
            behind = self.text(self.closed(opened))
            return (
                behind in {b"=>", b"{"}
                or (behind == b":" and self.text(opened - 1) != b"case")
                or self._declared(n - 1, opened)
            )
        if self.text(opened) == b"[":
            return False
        return self.of_class(opened) or self._declared(n - 1, opened)

    def _declared(self, n: int, opened: int) -> bool:
        while n > opened and self.text(n) != b";":
            if self.opener[n] == opened and self.text(n) in DECLARES:
                return True
            n -= 1
        return False

    def of_class(self, n: int) -> bool:
        """Whether a `{` opens the body of a class."""
        if self.text(n) != b"{":
            return False
        level, n = self.opener[n], n - 1
        while n > level and not (self.opener[n] == level and self.text(n) in {b";", b"}", b"=>"}):
            if self.opener[n] == level and self.text(n) == b"class" and self.at(n).free:
                return True
            n -= 1
        return False


def _annotation(reader: _Types, n: int) -> int:
    definite_parameter = reader.text(n - 1) == b"!" and reader.text(reader.opener[n]) == b"("
    if definite_parameter or not reader.binds(n):
        raise UnreadableError(DISAGREE)
    n = reader.expect(n, b":")
    if reader.text(n) == b"asserts" and reader.at(n + 1).kind == "word" and reader.text(n + 1) != b"is":
        n += 1
        if reader.text(n + 1) != b"is":
            return reader.word(n)
    if reader.text(n + 1) == b"is" and not reader.at(n + 1).line_before:
        return reader.type(reader.word(n) + 1)
    return reader.type(n)


def _assertion(reader: _Types, n: int) -> int:
    token = reader.at(n)
    if reader.text(n) not in {b"as", b"satisfies"} or not token.free:
        raise UnreadableError(DISAGREE)
    behind = reader.type(n + 1)
    if not reader.at(behind).line_before and reader.text(behind) in NOT_BEHIND:
        raise UnreadableError("behind an assertion stands what asks for a name")
    return behind


def _arguments(reader: _Types, n: int) -> int:
    behind = reader.arguments(n)
    if reader.text(behind) not in {b"(", b"{", b"implements"}:
        raise UnreadableError("what follows a list of types does not make certain that it is one")
    return behind


def _parameters(reader: _Types, n: int) -> int:
    behind = reader.parameters(n)
    if reader.text(behind) not in {b"(", b"{", b"extends", b"implements"}:
        raise UnreadableError(DISAGREE)
    return behind


def _implements(reader: _Types, n: int) -> int:
    behind = reader.names(reader.expect(n, b"implements"))
    reader.expect(behind, b"{")
    return behind


def _mark(reader: _Types, n: int) -> int:
    before = reader.at(n - 1)
    names = before.kind in {"word", "private", "chunk"} or before.text in {b")", b"]", b"!", b"}"}
    optional = reader.text(n) == b"?" and reader.text(n + 1) in {b":", b",", b")", b"(", b";", b"}"}
    names = names and not (before.kind == "word" and before.free and before.text in NO_NAME)
    if not names or not (optional or reader.text(n) == b"!"):
        raise UnreadableError(DISAGREE)
    return n + 1


def _modifier(reader: _Types, n: int) -> int:
    behind = reader.at(n + 1)
    named = behind.kind in {"word", "private"} and not behind.line_before
    if reader.text(n) not in MODIFIERS or not named or reader.text(n - 1) in NO_NAME_YET:
        raise UnreadableError(DISAGREE)
    if not reader.of_class(reader.opener[n]):
        raise UnreadableError(DISAGREE)
    return n + 1


def _statement(reader: _Types, n: int) -> int:
    first = reader.text(n)
    if first == b"import" or (
        first == b"export" and reader.text(n + 1) == b"type" and reader.text(n + 2) in {b"{", b"*"}
    ):
        return _of_module(reader, n)
    n += first == b"export"
    kind, n = reader.text(n), reader.word(n + 1)
    if reader.text(n) == b"<":
        n = reader.parameters(n)
    if kind == b"interface":
        if reader.text(n) == b"extends":
            n = reader.names(n + 1)
        reader.expect(n, b"{")
        return reader.members(n)
    if kind != b"type":
        raise UnreadableError(DISAGREE)
    n = reader.type(reader.expect(n, b"="))
    return _ended(reader, n)


def _ended(reader: _Types, n: int) -> int:
    if reader.text(n) == b";":
        return n + 1
    if reader.at(n).line_before:
        return n
    raise UnreadableError(DISAGREE)


def _of_module(reader: _Types, n: int) -> int:
    outward = reader.text(n) == b"export"
    n = reader.expect(n + 1, b"type")
    if reader.text(n) == b"{":
        n = reader.closed(n)
    elif reader.text(n) == b"*":
        n = reader.word(reader.expect(n + 1, b"as")) if reader.text(n + 1) == b"as" else n + 1
    else:
        n = reader.word(n)
    if outward and reader.text(n) != b"from":
        return _ended(reader, n)
    n = reader.expect(n, b"from")
    if reader.at(n).kind != "string":
        raise UnreadableError(DISAGREE)
    return _ended(reader, n + 1)


_READ: Final = {
    places.ANNOTATION: _annotation,
    places.ASSERTION: _assertion,
    places.ARGUMENTS: _arguments,
    places.PARAMETERS: _parameters,
    places.IMPLEMENTS: _implements,
    places.MARK: _mark,
    places.MODIFIER: _modifier,
    places.STATEMENT: _statement,
}
"""What reads each kind of place, from its first token."""
