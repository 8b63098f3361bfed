"""Commas of ECMAScript and TypeScript that mean nothing: the last one before a closing bracket (ECMA-262 13.2.4.1, 13.3, 15.1).

A comma behind a comma or an opening bracket is a hole and stays; so does one behind `...`, which is
an error in what is bound, one in a mapped type, and one in brackets that are no list (`if`, `for`, `catch`, `import()`, a
setter, an element of JSX). That the list may have one says the grammar; before 2017 calls had none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from magistrate.impact.languages.ecmascript_tokens import CHILDREN, CONTROL_WORDS, TAG, Token

OPENS: Final = frozenset({b"(", b"[", b"{"})
CLOSES: Final = frozenset({b")", b"]", b"}"})
NO_ELEMENT: Final = OPENS | {b",", b"..."}
SHAPED: Final = frozenset({"(", "[", "{", ","})
SHAPE_CLOSES: Final = frozenset({")", "]", "}"})
CALLED: Final = frozenset({b")", b"]", b"?."})
NO_LIST: Final = CONTROL_WORDS | frozenset(
    b"import set return typeof void delete new in of case throw yield await function".split()
)


def meaningless(tokens: Sequence[Token]) -> frozenset[int]:
    """Places in the sequence of the commas that mean nothing."""
    found: set[int] = set()
    stack: list[tuple[int, int]] = []
    for n, token in enumerate(tokens):
        if token.kind == "chunk":
            if stack and token.text.startswith(b"}"):
                stack.pop()
            if token.text.endswith(b"${"):
                stack.append((n, n + 1))
        elif token.kind != "sign":
            continue
        elif token.text in OPENS:
            stack.append((n, n + 1))
        elif token.text in CLOSES and stack:
            opened, element = stack.pop()
            if n > 1 and _is_last(tokens, opened, element, n):
                found.add(n - 1)
        elif token.text == b"," and stack and tokens[n + 1 : n + 2] and tokens[n + 1].text not in CLOSES:
            stack[-1] = (stack[-1][0], n + 1)
    return frozenset(found)


def _is_last(tokens: Sequence[Token], opened: int, element: int, closed: int) -> bool:
    comma, last = tokens[closed - 1], tokens[closed - 2]
    if comma.kind != "sign" or comma.text != b"," or closed - 1 <= opened + 1:
        return False
    if last.kind == "sign" and last.text in NO_ELEMENT:
        return False
    if tokens[element].text == b"..." or tokens[opened].place in {TAG, CHILDREN} or tokens[opened].kind != "sign":
        return False
    if tokens[opened].text == b"{" and any(token.text == b"in" for token in tokens[opened + 1 : opened + 6]):
        return False
    return tokens[opened].text != b"(" or _is_list(tokens, opened, closed)


def _is_list(tokens: Sequence[Token], opened: int, closed: int) -> bool:
    """Whether parentheses hold arguments or parameters."""
    if tokens[closed + 1 : closed + 2] and tokens[closed + 1].text == b"=>":
        return True
    if opened == 0:
        return False
    before = tokens[opened - 1]
    if before.kind == "word":
        setter = opened > 1 and tokens[opened - 2].text == b"set"
        return not (before.free and before.text in NO_LIST) and not setter
    return before.kind == "sign" and before.text in CALLED and not before.closes


def without_last_commas(shape: Sequence[str]) -> tuple[str, ...]:
    """A shape without the commas that stand last in a bracket."""
    made: list[str] = []
    for kind in shape:
        if kind in SHAPE_CLOSES and len(made) > 1 and made[-1] == "," and made[-2] not in SHAPED:
            made.pop()
        made.append(kind)
    return tuple(made)
