"""Asks every request over the values that occur, one by one: an answer of its own beside the engine of privilege.

For each actor, domain and statement of one side: every mixture of the values that its conditions name, of
one fresh value for each dimension, and of what the other side's conditions name, is asked of both sides.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

from magistrate.impact.privilege.engine import Change, Turn
from magistrate.impact.privilege.model import Span, Where

FORMS = {"run": ".*", "any": ".", "run-in": "[^:]*", "any-in": "[^:]", "run-name": "[^/]*", "any-name": "[^/]"}
FRESH = "~fresh~"
FILLED = {"run": "x/y", "any": "x", "run-in": "x", "any-in": "x", "run-name": "x", "any-name": "x"}
MAX_ASKED = 6_000


def verdict_of(changes: Iterable[Change]) -> str:
    found = {change.turn for change in changes}
    if Turn.GAINS in found:
        return "incomparable" if Turn.LOSES in found else "widened"
    if Turn.UNKNOWN in found:
        return "unknown"
    return "narrowed" if Turn.LOSES in found else "unchanged"


def allowed_only_after(before, after):
    """Whether some live actor may do something after that it could not before."""
    live = before.live | after.live | {holder.name for holder in before.holders}
    return any(_gains(actor, before, after) for actor in sorted(live))


def _gains(actor, before, after):
    old, new = _held(actor, before), _held(actor, after)
    for domain in {domain for domain, _ in new}:
        mine = [layers for kind, layers in new if kind == domain]
        theirs = [layers for kind, layers in old if kind == domain]
        speaks = [one for layers in (*mine, *theirs) for layer in layers for one in layer.statements]
        for seed in {one for layers in mine for one in layers[0].statements if one.allow}:
            for request in _requests(seed, speaks):
                if _any(mine, request) and not _any(theirs, request):
                    return True
    return False


def _held(actor, grants):
    seen, line = {actor}, [actor]
    while line:
        now = line.pop()
        for edge in grants.edges:
            if edge.actor == now and edge.holder not in seen:
                seen.add(edge.holder)
                line.append(edge.holder)
    return [(holder.domain, holder.layers) for holder in grants.holders if holder.name in seen]


def _requests(seed, speaks):
    """Requests that the seed allows, over values near it: the product is cut where it grows too large."""
    wheres: dict[str, list[Where]] = {}
    for one in speaks:
        for where in one.where:
            wheres.setdefault(where.dimension, []).append(where)
    values = {}
    for name, found in wheres.items():
        shown = {value for where in found for atom in where.among for value in _shown(atom)} | {FRESH}
        own = [where for where in seed.where if where.dimension == name]
        fits = sorted((one for one in shown if all(_holds(where, one) for where in own)), key=str)
        kinds = {tuple(_holds(where, one) for where in found): one for one in fits}
        values[name] = list(kinds.values())
    names = sorted(values)
    yield from (
        dict(zip(names, mixed, strict=True))
        for mixed in itertools.islice(itertools.product(*(values[one] for one in names)), MAX_ASKED)
    )


def _shown(atom):
    if isinstance(atom, Span):
        return {atom.low, atom.high, max(atom.low - 1, 0), atom.high + 1}
    ways = (FILLED, dict.fromkeys(FILLED, ""), {**FILLED, "run": "q"}, {**FILLED, "run": "/q"})
    return {"".join(fill.get(token, token[0]) for token in atom.tokens) for fill in ways}


def _any(held, request):
    return any(layers and all(_layer(layer, request) for layer in layers) for layers in held)


def _layer(layer, request):
    speaks = [one for one in layer.statements if all(_holds(where, request[where.dimension]) for where in one.where)]
    return any(one.allow for one in speaks) and all(one.allow for one in speaks)


def _holds(where, value):
    return any(_matches(atom, value) for atom in where.among) is not where.negated


def _matches(atom, value):
    if isinstance(atom, Span):
        return isinstance(value, int) and atom.low <= value <= atom.high
    pattern = "".join(FORMS.get(token) or f"[{re.escape(token)}]" for token in atom.tokens)
    return isinstance(value, str) and re.fullmatch(pattern, value, re.DOTALL) is not None
