"""Where a line end between two tokens of ECMAScript or TypeScript can mean nothing.

A line end matters by automatic semicolon insertion (ECMA-262 12.10) and where the grammar says
"no LineTerminator here". There is no second real parser, so validity of a text is not assumed: a
line end is let go only where a semicolon could stand in no program, or would be an empty statement,
which is never inserted, and where no restricted production begins. Everywhere else it is a token.
"""

from __future__ import annotations

from typing import Final

from magistrate.impact.languages.ecmascript_tokens import (
    BEFORE_OPERAND,
    BLOCK,
    BLOCK_WORDS,
    CONTROL,
    EXPRESSION,
    HOLE,
    TAG,
    UNCLEAR,
    Token,
)

CONTINUES: Final = frozenset(
    b"( [ { , ; : = + - * / % ** & | ^ ~ && || ?? == === != !== < << <= => ... += -= *= /= %= **= &= |= ^= &&= ||= ??=".split()
)
"""Signs that nothing can end with: a semicolon behind them would be an error, or an empty statement."""
NEVER_BEGINS: Final = frozenset(
    b") ] } , ; : . ?. = > % ** & | ^ && || ?? == === != !== <= += -= *= /= %= **= &= |= ^= &&= ||= ??=".split()
)
"""Signs that nothing can begin with, and that no restricted production is about."""
ARITHMETIC: Final = frozenset({b"+", b"-", b"*", b"/"})
SEMICOLONLESS: Final = frozenset({"(", "[", HOLE, EXPRESSION})
"""Inside these brackets no semicolon can stand (the head of a `for` is another bracket)."""
AFTER_BLOCK: Final = frozenset({b"else", b"catch", b"finally"})
LEAVES: Final = frozenset({b"return", b"throw"})
BEGINS_TYPE: Final = frozenset({b"[", b"{"})
PLAIN: Final = frozenset({"string", "number", "chunk"})
NO_TYPE: Final = frozenset({b"class", b"delete", b"await", b"yield", b"super", b"async"})


def line_means_nothing(before: Token, token: Token, following: Token | None, *, typed: bool) -> bool:
    """Whether a line end right before `token`, which follows `before`, is layout in every program."""
    if token.place == TAG or token.kind == "text" or _asks_for_more(before, typed=typed):
        return True
    if before.closes == CONTROL and before.text == b")" and _is_controlled(token, following, typed=typed):
        return True
    if token.text == b"{" and token.kind == "sign":
        return before.text in BLOCK_WORDS and before.free
    if token.kind == "word":
        return before.closes == BLOCK and token.text in AFTER_BLOCK
    if token.kind == "chunk":
        return token.text.startswith(b"}")
    return token.kind == "sign" and not token.glued and _goes_on(before, token, following, typed=typed)


def _asks_for_more(before: Token, *, typed: bool) -> bool:
    """Whether nothing can end behind a token."""
    if before.kind == "chunk":
        return before.text.endswith(b"${")
    sign = before.kind == "sign" and not before.glued
    return sign and (before.text in CONTINUES or (before.text == b"?" and not typed))


def _is_controlled(token: Token, following: Token | None, *, typed: bool) -> bool:
    """Whether what stands behind the head of an `if` or a loop is its body, and no member of a type.

    In TypeScript an interface may have members with the names `if` and `return`: no member is a
    `return` with a word behind it on its line.
    """
    if not typed or token.text == b"{":
        return True
    certain = token.text in LEAVES and following is not None and not following.line_before
    return certain and following is not None and following.kind in {*PLAIN, "word"}


def _goes_on(before: Token, token: Token, following: Token | None, *, typed: bool) -> bool:
    """Whether a sign can only continue what stands before it."""
    if token.text in NEVER_BEGINS:
        return True
    if token.text == b"?":
        return not typed or (following is not None and _begins_type(following))
    if token.text in ARITHMETIC and token.place in SEMICOLONLESS:
        named = before.kind == "word" and not (before.free and before.text in UNCLEAR | BEFORE_OPERAND)
        return named or before.kind in {"number", "string"} or before.text in {b")", b"]"}
    return False


def _begins_type(token: Token) -> bool:
    """Whether TypeScript takes a `?` before this for a conditional, whatever ends the line before it."""
    if token.kind == "word":
        return token.text not in NO_TYPE
    return token.kind in PLAIN or token.text in BEGINS_TYPE
