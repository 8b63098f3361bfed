"""Conditions of row security as boxes: AND, OR, NOT are taken apart, each test below is one dimension, yes or no.

Rule kept: a test is compared by its tokens; what it means is not asked, so two ways to say one thing are two.
"""

from __future__ import annotations

from typing import Final

from magistrate.impact.privilege.domains.sql_text import Kind, Token, Tokens, shown
from magistrate.impact.privilege.model import Where, literals
from magistrate.impact.privilege.patterns import TooManyError

MAX_WAYS: Final = 32
_OPAQUE: Final = frozenset({"between", "case"})
Ways = list[tuple[Where, ...]]


def ways(condition: Tokens, rows: str, *, wanted: bool = True) -> Ways:
    """The ways in which a condition holds (or does not, `wanted` False), each a conjunction of tests.

    `rows` tells which row is meant: the one that is there, or the new one.
    """
    tokens = _bare(condition)
    for word, joins in (("or", wanted), ("and", not wanted)):
        parts = _split(tokens, word)
        if len(parts) > 1:
            made = [ways(part, rows, wanted=wanted) for part in parts]
            return _bounded(
                [way for one in made for way in one] if joins else _all_of(made), tokens, rows, wanted=wanted
            )
    if tokens and tokens[0].kind is Kind.WORD and tokens[0].text == "not":
        return ways(tokens[1:], rows, wanted=not wanted)
    text = shown(tokens)
    if text in {"true", "false"}:
        return [()] if (text == "true") == wanted else []
    return [(literals(f"{rows} meets {text}", "yes" if wanted else "no"),)]


def _bounded(made: Ways, tokens: Tokens, rows: str, *, wanted: bool) -> Ways:
    if len(made) > MAX_WAYS:
        return [(literals(f"{rows} meets {shown(tokens)}", "yes" if wanted else "no"),)]
    return made


def all_of(made: list[Ways]) -> Ways:
    """The ways in which several conditions hold together.

    Raises:
        TooManyError: they are too many to be told apart; none is left out.
    """
    return _all_of(made)


def _all_of(made: list[Ways]) -> Ways:
    found: Ways = [()]
    for one in made:
        found = [(*first, *then) for first in found for then in one]
        if len(found) > MAX_WAYS * MAX_WAYS:
            raise TooManyError
    return found


def _bare(tokens: Tokens) -> Tokens:
    """Without the brackets around the whole."""
    while len(tokens) > 1 and _sign(tokens[0], "(") and _closes(tokens) == len(tokens) - 1:
        tokens = tokens[1:-1]
    return tokens


def _closes(tokens: Tokens) -> int:
    depth = 0
    for at, token in enumerate(tokens):
        depth += 1 if _sign(token, "(") else -1 if _sign(token, ")") else 0
        if depth == 0:
            return at
    return -1


def _sign(token: Token, text: str) -> bool:
    return token.kind is Kind.SIGN and token.text == text


def _split(tokens: Tokens, word: str) -> list[Tokens]:
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.kind is Kind.WORD and token.text in _OPAQUE:
            return [tokens]
        depth += 1 if _sign(token, "(") else -1 if _sign(token, ")") else 0
        if depth == 0 and token.kind is Kind.WORD and token.text == word:
            parts.append([])
        else:
            parts[-1].append(token)
    return [tuple(part) for part in parts] if all(parts) else [tokens]
