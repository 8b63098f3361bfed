"""Asks one request of one state, the plain way: the proof of a widening, checked by other means than it was found.

Nothing here shares code with the search: patterns become regular expressions, closures are walked
anew, denies are looked for one by one. A variable is given a value first.

Rule kept: a candidate that does not replay is no widening shown, and the gate calls that unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice, product
from typing import Final

from magistrate.impact.privilege.dimensions import Shown
from magistrate.impact.privilege.model import Grants, Layer, Span, Statement, Varying, Where, is_variable
from magistrate.impact.privilege.patterns import Glob

FORMS: Final = {"any": ".", "run": ".*", "any-in": "[^:]", "run-in": "[^:]*", "any-name": "[^/]", "run-name": "[^/]*"}
MAX_TRIES: Final = 256
_FRESH: Final = "someone-else"
Values = Mapping[str, str]
Request = Mapping[str, Shown]


def reach(grants: Grants, actor: str) -> frozenset[str]:
    """Every holder that the actor acts as, itself among them."""
    found, line = {actor}, [actor]
    while line:
        now = line.pop()
        for edge in grants.edges:
            if edge.actor == now and edge.holder not in found:
                found.add(edge.holder)
                line.append(edge.holder)
    return frozenset(found)


def shows(
    held_after: Sequence[tuple[Layer, ...]], held_before: Sequence[tuple[Layer, ...]], request: Request
) -> Values | None:
    """Values for the variables with which the request is allowed after and not before; None: there are none found."""
    for values in _assignments(request):
        if _any(held_after, request, values) and not _any(held_before, request, values):
            return values
    return None


def allowed(grants: Grants, actor: str, request: Request, values: Values) -> bool:
    """Whether an actor may do this in one state, where variables have these values."""
    reached = reach(grants, actor)
    return _any([holder.layers for holder in grants.holders if holder.name in reached], request, values)


def _any(held: Sequence[tuple[Layer, ...]], request: Request, values: Values) -> bool:
    return any(layers and all(_layer(layer, request, values) for layer in layers) for layers in held)


def _layer(layer: Layer, request: Request, values: Values) -> bool:
    granted = False
    for statement in layer.statements:
        if _speaks_of(statement, request, values):
            if not statement.allow:
                return False
            granted = True
    return granted


def _speaks_of(statement: Statement, request: Request, values: Values) -> bool:
    return all(_holds(where, request.get(where.dimension), values) for where in statement.where)


def _holds(where: Where, shown: Shown | None, values: Values) -> bool:
    if shown is None or (shown.text is None and shown.many is None):
        return where.negated if where.absent is None else where.absent
    texts = shown.many if shown.many is not None else (shown.text,)
    each = [any(_matches(atom, text, values) for atom in where.among) is not where.negated for text in texts]
    return all(each) if where.each else any(each)


def _matches(atom: object, text: str | int | None, values: Values) -> bool:
    if isinstance(atom, Span):
        return isinstance(text, int) and atom.low <= text <= atom.high
    if not isinstance(text, str):
        return False
    if isinstance(atom, Varying):
        return _expression(_filled(atom, values)).fullmatch(text) is not None
    return isinstance(atom, Glob) and _fits(atom.tokens, text)


def _fits(tokens: tuple[str, ...], text: str) -> bool:
    """Whether a text matches a pattern; most end at the signs before the first wildcard, which costs no expression."""
    for at, token in enumerate(tokens):
        if len(token) > 1:
            return _expression(tokens).fullmatch(text) is not None
        if text[at : at + 1] != token:
            return False
    return len(text) == len(tokens)


def _filled(atom: Varying, values: Values) -> tuple[str, ...]:
    """The pattern with values in the place of its variables: signs of values stand for themselves."""
    parts = (tuple(values.get(token, _FRESH)) if is_variable(token) else (token,) for token in atom.tokens)
    return tuple(token for part in parts for token in part)


@lru_cache(maxsize=4096)
def _expression(tokens: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("".join(_part(token) for token in tokens), re.DOTALL)


def _part(token: str) -> str:
    return FORMS.get(token) or f"[{re.escape(token)}]"


def _assignments(request: Request) -> Iterator[Values]:
    """Values for the variables: none where none is open, else ways to make the taken patterns match."""
    taken = [(pattern, str(shown.text)) for shown in request.values() for pattern in shown.taken]
    opened = [pattern for shown in request.values() for pattern in (*shown.taken, *shown.left)]
    names = sorted({name for pattern in opened for name in pattern.variables})
    ways = [list(_ways(pattern, text)) for pattern, text in taken]
    for chosen in islice(product(*ways), MAX_TRIES):
        values: dict[str, str] = {}
        if all(values.setdefault(name, value) == value for one in chosen for name, value in one.items()):
            yield {name: values.get(name, _FRESH) for name in names}


def _ways(pattern: Varying, text: str) -> Iterator[Values]:
    """Values of the variables of one pattern that let it match this text: the longest and the shortest."""
    for greedy in ("", "?"):
        groups: dict[str, str] = {}
        parts: list[str] = []
        for token in pattern.tokens:
            if not is_variable(token):
                parts.append(_part(token))
            elif token in groups:
                parts.append(f"(?P={groups[token]})")
            else:
                groups[token] = f"v{len(groups)}"
                parts.append(f"(?P<{groups[token]}>.*{greedy})")
        matched = re.fullmatch("".join(parts), text, re.DOTALL)
        if matched is not None:
            yield {variable: matched.group(name) for variable, name in groups.items()}
