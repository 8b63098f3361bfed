"""Words as code writes them: `maxBodySize`, `max_body_size` and `MAX-BODY-SIZE` say the same.

A sensor names a set of words; whether a change uses one is a set intersection, whatever the size
of the set, so sensors can know many words at no cost.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Final

from magistrate.impact.compiled import rx

TOKEN: Final = rx(r"[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*|[A-Za-z][A-Za-z0-9]*")
PART: Final = rx(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+")
MAX_TOKEN: Final = 120


@lru_cache(maxsize=50_000)
def words_of(token: str) -> frozenset[str]:
    """A token in lower case without separators, its parts, and each two or three parts that follow each other."""
    if len(token) > MAX_TOKEN:
        return frozenset()
    parts = [part.lower() for part in PART.findall(token)]
    pairs = [a + b for a, b in pairwise(parts)]
    threes = [a + b + c for a, b, c in zip(parts, parts[1:], parts[2:], strict=False)]
    return frozenset([*parts, *pairs, *threes, "".join(parts), token.lower()])


def words_in(text: str) -> dict[str, str]:
    """Every word of a text, with one token that has it."""
    found: dict[str, str] = {}
    for token in dict.fromkeys(TOKEN.findall(text)):
        for word in words_of(token):
            found[word] = token
    return found


def vocabulary(text: str) -> frozenset[str]:
    """The words of a listing that is written in lower case with blanks between."""
    return frozenset(text.split())
