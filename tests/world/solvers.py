"""The question of the privilege engine put to a solver of strings and numbers, written apart from it.

Works with `z3` and with `cvc5.pythonic`, which has the same words. Dimensions with several values at once
are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from magistrate.impact.privilege.model import Layer, Span, Varying, Where
from magistrate.impact.privilege.patterns import Glob


class Question:
    """Is some request allowed by one side and not by the other?"""

    def __init__(self, module: Any) -> None:
        self.m = module
        self.constants: dict[str, Any] = {}

    def only(self, larger: Sequence[tuple[Layer, ...]], smaller: Sequence[tuple[Layer, ...]], milliseconds: int) -> str:
        """`sat`, `unsat`, or `unknown` within the time."""
        solver = self.m.Solver()
        solver.set("timeout" if self.m.__name__ == "z3" else "tlimit", milliseconds)
        optional = {w.dimension for side in (larger, smaller) for w in _wheres(side) if w.absent is not None}
        solver.add(self._side(larger, optional), self.m.Not(self._side(smaller, optional)))
        for dimension, kinds in _kinds([*larger, *smaller]).items():
            numeric = self._named(f"number?:{dimension}", self.m.Bool)
            if len(kinds) == 1:
                solver.add(numeric if "number" in kinds else self.m.Not(numeric))
        return str(solver.check())

    def _side(self, side: Sequence[tuple[Layer, ...]], optional: set[str]) -> Any:
        m = self.m
        return m.Or(
            *[m.And(*[self._layer(layer, optional) for layer in layers]) for layers in side if layers], m.BoolVal(False)
        )

    def _layer(self, layer: Layer, optional: set[str]) -> Any:
        m = self.m
        boxes = [
            (one.allow, m.And(m.BoolVal(True), *[self._where(w, optional) for w in one.where]))
            for one in layer.statements
        ]
        allowed = m.Or(m.BoolVal(False), *[box for allow, box in boxes if allow])
        return m.And(allowed, *[m.Not(box) for allow, box in boxes if not allow])

    def _where(self, where: Where, optional: set[str]) -> Any:
        assert where.each is None
        m = self.m
        among = m.Or(m.BoolVal(False), *[self._atom(where.dimension, atom) for atom in where.among])
        holds = m.Not(among) if where.negated else among
        if where.dimension not in optional:
            return holds
        absent = where.negated if where.absent is None else where.absent
        return m.If(self._named(f"there:{where.dimension}", m.Bool), holds, m.BoolVal(bool(absent)))

    def _named(self, name: str, kind: Any) -> Any:
        if name not in self.constants:
            self.constants[name] = kind(name)
        return self.constants[name]

    def _atom(self, dimension: str, atom: object) -> Any:
        m = self.m
        numeric = self._named(f"number?:{dimension}", m.Bool)
        if isinstance(atom, Span):
            number = self._named(f"number:{dimension}", m.Int)
            return m.And(numeric, number >= atom.low, number <= atom.high)
        text = self._named(f"text:{dimension}", m.String)
        if isinstance(atom, Varying):
            chosen = self._named(f"open:{dimension}:{''.join(atom.tokens)}", m.Bool)
            return m.And(m.Not(numeric), m.InRe(text, self._expression(atom.relaxed)), chosen)
        assert isinstance(atom, Glob)
        if atom.literal is not None:
            return m.And(m.Not(numeric), text == m.StringVal(atom.literal))
        return m.And(m.Not(numeric), m.InRe(text, self._expression(atom)))

    def _expression(self, pattern: Glob) -> Any:
        m = self.m
        parts = [self._token(token) for token in pattern.tokens]
        if not parts:
            return m.Re("")
        return parts[0] if len(parts) == 1 else m.Concat(*parts)

    def _token(self, token: str) -> Any:
        m = self.m
        anything = m.AllChar(m.ReSort(m.StringSort())) if m.__name__ == "z3" else m.AllChar()
        if token in {"run", "any"}:
            return m.Star(anything) if token == "run" else anything
        separator = (
            {"in": ":", "part": "/"}.get(token.rpartition("-")[2])
            if len(token) > 2 and token[:3] in {"run", "any"}
            else None
        )
        if separator is not None:
            below, above = chr(ord(separator) - 1), chr(ord(separator) + 1)
            if m.__name__ == "z3":
                but = m.Union(m.Range("\\u{0}", below), m.Range(above, "\\u{2ffff}"))
            else:
                but = m.Intersect(anything, m.Complement(m.Re(separator)))
            return m.Star(but) if token.startswith("run") else but
        signs = [m.Re(sign) for sign in token]
        return signs[0] if len(signs) == 1 else m.Union(*signs)


def _kinds(held: Sequence[tuple[Layer, ...]]) -> dict[str, set[str]]:
    """What values a dimension has: numbers where spans are named, texts where patterns are."""
    found: dict[str, set[str]] = {}
    for where in _wheres(held):
        found.setdefault(where.dimension, set()).update(
            "number" if isinstance(one, Span) else "text" for one in where.among
        )
    return found


def _wheres(side: Sequence[tuple[Layer, ...]]) -> list[Where]:
    return [where for layers in side for layer in layers for one in layer.statements for where in one.where]
