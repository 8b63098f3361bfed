"""What an expression of Terraform is: the part of HCL that is a function of the tree, evaluated; all else as it is written.

Rule kept: exact, or the expression stays as its own text with all that it depends on. A condition that nothing tells
leaves its whole choice untold; a branch that is not taken has no say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import tree_sitter

from magistrate.impact.privilege.domains.terraform import CLOSE, OPEN, is_settled, read_value
from magistrate.impact.privilege.domains.terraform_functions import answered
from magistrate.impact.privilege.domains.terraform_operators import (
    MissingError,
    calculated,
    entries,
    fails,
    inside,
    number,
    shown,
    sides,
    strips,
    truth,
)
from magistrate.impact.privilege.domains.terraform_parts import (
    Rest,
    Unique,
    UnsettledError,
    certain,
    choice,
    is_open,
    list_of,
    same,
    text_of,
    whole,
)
from magistrate.impact.privilege.domains.terraform_writing import parsed_template, raw, written

MAX_DEPTH: Final = 60
MAX_STEPS: Final = 300_000
"""Nodes of expressions that are looked at for one state of a tree."""
Bound = Mapping[str, Any]
_READING: Final = ("file", "templatefile", "fileset", "abspath", "basename", "dirname", "pathexpand")


class Asked(Protocol):
    """Who knows what names mean at one place."""

    def named(self, text: str) -> Any:  # noqa: ANN401 - a value of Terraform
        """What a reference is, as it is written: its value, or its text from `OPEN` to `CLOSE`."""

    def untold(self, text: str, bound: Bound) -> str:
        """An expression that stays as it is written, with all that it depends on."""

    def of_file(self, name: str, given: list[Any]) -> Any:  # noqa: ANN401 - a value of Terraform
        """What a function that reads files answers; raises UnsettledError."""

    def knows(self, text: str) -> bool:
        """Whether a reference has a value here."""

    def folder(self) -> str:
        """The module in which it is asked."""

    def step(self) -> None:
        """Count one node; raises UnsettledError where there were too many."""


@dataclass(slots=True)
class Evaluation:
    """One expression, or several, at one place."""

    asked: Asked
    bound: Bound = field(default_factory=dict)
    depth: int = 0

    def value(self, node: tree_sitter.Node) -> Any:  # noqa: ANN401 - a value of Terraform
        """What a node is; where nothing tells, its own text."""
        try:
            return self.exact(node)
        except UnsettledError:
            return self.asked.untold(written(node), self.bound)

    def exact(self, node: tree_sitter.Node) -> Any:  # noqa: ANN401 - a value of Terraform
        """The same.

        Raises:
            UnsettledError: nothing tells.
        """
        self.asked.step()
        if self.depth > MAX_DEPTH:
            raise UnsettledError
        parts = [child for child in node.named_children if child.type != "comment"]
        if node.type in {"expression", "literal_value", "collection_value", "template_expr"}:
            inner = Evaluation(self.asked, self.bound, self.depth + 1)
            if len(parts) == 1:
                return inner.value(parts[0]) if parts[0].type not in _ALONE else inner.exact(parts[0])
            return inner.chain(parts)
        read = _READERS.get(node.type)
        if read is not None:
            return read(self, node, parts)
        if is_settled(node):
            return read_value(node)
        raise UnsettledError

    def chain(self, parts: list[tree_sitter.Node]) -> Any:  # noqa: ANN401 - a value of Terraform
        """A name, or another value, with what is taken from it: `.attr`, `[index]`, `[*]`."""
        first = parts[0]
        taken = parts[1:]
        name = raw(first)
        if len(parts) > MAX_DEPTH:
            raise UnsettledError
        if first.type == "variable_expr" and name not in self.bound:
            used = 1 if name in _NAMED_ONCE else len(taken)
            if name == "module" and self.asked.knows(name + "".join(map(written, taken[:2]))):
                used = 2
            if any(one.type != "get_attr" for one in taken[: min(used, 1)]):
                raise UnsettledError
            text = name + "".join(map(self._step, taken[:used]))
            value, taken = self.asked.named(text), taken[used:]
        else:
            value = self.bound[name] if first.type == "variable_expr" else self.exact(first)
        for at, one in enumerate(taken):
            if one.type == "splat":
                return self._splat(value, one, taken[at + 1 :])
            value = self._taken(value, one)
        return value

    def _step(self, one: tree_sitter.Node) -> str:
        """A step of a reference as it is written, the key of an index in its place where it is told."""
        inner = one.named_children[0] if one.type == "index" else None
        key = self.value(inner.named_children[0]) if inner is not None and inner.type == "new_index" else None
        plain = isinstance(key, str | int) and not isinstance(key, bool) and not is_open(key) and '"' not in str(key)
        return f"[{shown(key)}]" if plain else written(one)

    def _taken(self, value: Any, one: tree_sitter.Node) -> Any:  # noqa: ANN401 - a value of Terraform
        if one.type == "get_attr":
            key: Any = raw(one.named_children[-1])
            if isinstance(value, list):
                raise UnsettledError
        elif one.type == "index":
            inner = one.named_children[0]
            if inner.type != "new_index":
                raise UnsettledError
            key = certain(self.value(inner.named_children[0]))
        else:
            raise UnsettledError
        if whole(value):
            return f"{value[:-1]}{written(one) if one.type == 'get_attr' else f'[{shown(key)}]'}{CLOSE}"
        return self._entry(value, key)

    @staticmethod
    def _entry(value: Any, key: Any) -> Any:  # noqa: ANN401 - as above
        if isinstance(value, dict) and isinstance(key, str):
            if key in value:
                return value[key]
            if not any(OPEN in each for each in value):
                raise MissingError
        if (
            isinstance(value, list)
            and not isinstance(value, Unique)
            and isinstance(key, int)
            and not isinstance(key, bool)
        ):
            if 0 <= key < len(value) and not any(isinstance(each, Rest) for each in value[: key + 1]):
                return value[key]
            if key >= 0 and not any(isinstance(each, Rest) for each in value):
                raise MissingError
        raise UnsettledError

    def _splat(self, value: Any, splat: tree_sitter.Node, more: list[tree_sitter.Node]) -> Any:  # noqa: ANN401 - as above
        if more:
            raise UnsettledError
        kind = splat.named_children[0]
        taken = [one for one in kind.named_children if one.type in {"get_attr", "index"}]
        if kind.type != "full_splat" and any(one.type == "index" for one in taken):
            raise UnsettledError
        if value is None:
            return []
        if not isinstance(value, list):
            if whole(value):
                raise UnsettledError
            value = [value]
        found: list[Any] = []
        for one in value:
            if isinstance(one, Rest):
                raise UnsettledError
            for each in taken:
                one = self._taken(one, each)  # noqa: PLW2901 - step by step
            found.append(one)
        return found

    def tuple_(self, _node: tree_sitter.Node, parts: list[tree_sitter.Node]) -> list[Any]:
        """A list as it is written."""
        return [self.value(one) for one in parts if one.type == "expression"]

    def object_(self, _node: tree_sitter.Node, parts: list[tree_sitter.Node]) -> dict[str, Any]:
        """A map or an object as it is written."""
        found: dict[str, Any] = {}
        for one in parts:
            if one.type != "object_elem":
                continue
            key, value = (each for each in one.named_children if each.type == "expression")
            inner = [each for each in key.named_children if each.type != "comment"]
            if len(inner) == 1 and inner[0].type == "variable_expr":
                name = raw(inner[0])
            else:
                name = certain(text_of(self.value(key)))
            if name in found:
                raise UnsettledError
            found[name] = self.value(value)
        return found

    def variable(self, node: tree_sitter.Node, _parts: list[tree_sitter.Node]) -> Any:  # noqa: ANN401 - as above
        """A name that stands alone."""
        return self.chain([node])

    def string(self, node: tree_sitter.Node, parts: list[tree_sitter.Node]) -> Any:  # noqa: ANN401 - as above
        """A text, or what alone stands in it as a template."""
        filled = [
            one for one in parts if one.type not in {"quoted_template_start", "quoted_template_end", "strip_marker"}
        ]
        if len(filled) == 1 and filled[0].type == "template_interpolation":
            inner = inside(filled[0])
            if inner is not None and not strips(filled[0]):
                return self.value(inner)
        return "".join(self._pieces(node.children))

    def _pieces(self, nodes: list[tree_sitter.Node], *, escapes: bool = True) -> Iterator[str]:
        for one in nodes:
            if one.type == "template_literal":
                yield read_value(one, escapes=escapes)
            elif one.type == "template_interpolation":
                inner = inside(one)
                if inner is None or strips(one):
                    raise UnsettledError
                value = self.value(inner)
                yield text_of(value)
            elif one.type == "template_directive":
                yield from self._directive(one.named_children[0], escapes=escapes)
            elif one.type in {"ERROR", "strip_marker"}:
                raise UnsettledError

    def _directive(self, node: tree_sitter.Node, *, escapes: bool) -> Iterator[str]:
        if "~" in raw(node):
            raise UnsettledError
        intro = node.named_children[0]
        inner = next((one for one in intro.named_children if one.type == "expression"), None)
        if inner is None:
            raise UnsettledError
        if node.type == "template_if":
            middle = next((at for at, one in enumerate(node.children) if one.type == "template_else_intro"), None)
            body, other = node.children[1:middle], node.children[middle:] if middle is not None else []
            yield from self._pieces(body if truth(self.value(inner)) else other, escapes=escapes)
            return
        names = [raw(one) for one in intro.named_children if one.type == "identifier"]
        for key, value in entries(self.value(inner)):
            bound = dict(zip(names, (key, value) if len(names) > 1 else (value,), strict=True))
            within = Evaluation(self.asked, {**self.bound, **bound}, self.depth + 1)
            yield from within._pieces(node.children[1:], escapes=escapes)

    def template(self, node: tree_sitter.Node) -> str:
        """A template that is a file of its own, but for its last line end.

        Raises:
            UnsettledError: nothing tells what it becomes.
        """
        found = "".join(self._pieces(node.children, escapes=False))
        return found.removeprefix("\n")

    def conditional(self, node: tree_sitter.Node, parts: list[tree_sitter.Node]) -> Any:  # noqa: ANN401 - as above
        """The branch that is taken, or both under a question; one type must come of both."""
        condition, yes, no = parts
        asked = self.value(condition)
        if whole(asked):
            text = self.asked.untold(written(node), self.bound)
            return choice(text, asked[1:-1], self.asked.folder(), lambda: (self.value(yes), self.value(no)))
        taken, left = (yes, no) if truth(asked) else (no, yes)
        found = self.exact(taken)
        if isinstance(found, bool | int):
            other = self.value(left)
            if other is not None and type(other) is not type(found):
                raise UnsettledError
        return found

    def call(self, _node: tree_sitter.Node, parts: list[tree_sitter.Node]) -> Any:  # noqa: ANN401 - as above
        """What a function answers."""
        name = raw(parts[0])
        arguments = next((one for one in parts if one.type == "function_arguments"), None)
        given = [one for one in arguments.named_children if one.type == "expression"] if arguments is not None else []
        if name in {"try", "can"}:
            return self._first(given) if name == "try" else self._can(given)
        values = [self.value(one) for one in given]
        if arguments is not None and any(one.type == "ellipsis" for one in arguments.named_children):
            values = [*values[:-1], *list_of(values[-1])]
            if any(isinstance(one, Rest) for one in values):
                raise UnsettledError
        if name.startswith(_READING):
            return self.asked.of_file(name, values)
        return answered(name, values)

    def _first(self, given: list[tree_sitter.Node]) -> Any:  # noqa: ANN401 - as above
        """The first that does not fail: one that is missing for certain goes, one that may fail leaves all untold."""
        for one in given:
            try:
                found = self.exact(one)
            except MissingError:
                continue
            if one is not given[-1]:
                certain(found)
            return found
        raise UnsettledError

    def _can(self, given: list[tree_sitter.Node]) -> bool:
        try:
            certain([self.exact(one) for one in given])
        except MissingError:
            return False
        return True

    def for_(self, _node: tree_sitter.Node, parts: list[tree_sitter.Node]) -> Any:  # noqa: ANN401 - as above
        """What a `for` makes of each entry."""
        body = parts[0]
        inner = [one for one in body.named_children if one.type != "comment"]
        intro = next(one for one in inner if one.type == "for_intro")
        names = [raw(one) for one in intro.named_children if one.type == "identifier"]
        source = next(one for one in intro.named_children if one.type == "expression")
        told = [one for one in inner if one.type == "expression"]
        condition = next((one for one in inner if one.type == "for_cond"), None)
        grouped = any(one.type == "ellipsis" for one in inner)
        found: list[Any] = []
        for key, value in entries(self.value(source)):
            bound = dict(zip(names, (key, value) if len(names) > 1 else (value,), strict=True))
            within = Evaluation(self.asked, {**self.bound, **bound}, self.depth + 1)
            if condition is None or truth(within.value(condition.named_children[0])):
                found.append([within.value(one) for one in told])
        if body.type == "for_tuple_expr":
            return [one[0] for one in found]
        keyed: dict[str, Any] = {}
        for key, value in found:
            name = certain(text_of(key))
            if grouped:
                keyed.setdefault(name, []).append(value)
            elif name in keyed:
                raise UnsettledError
            else:
                keyed[name] = value
        return keyed

    def operation(self, _node: tree_sitter.Node, parts: list[tree_sitter.Node]) -> Any:  # noqa: ANN401 - as above
        """What a sign makes of its sides."""
        sign, before, after = sides(parts[0])
        if not before:
            value = certain(self._side(after))
            return not truth(value) if sign == "!" else -number(value)
        left, right = self._side(before), self._side(after)
        if sign in {"&&", "||"}:
            ends = sign == "||"
            if any(isinstance(one, bool) and one is ends for one in (left, right)) and not fails(left, right):
                return ends
            return truth(right) if truth(left) is not ends else ends
        if sign in {"==", "!="}:
            return same(left, right) is (sign == "==")
        return calculated(sign, number(left), number(right))

    def _side(self, nodes: list[tree_sitter.Node]) -> Any:  # noqa: ANN401 - as above
        if len(nodes) == 1:
            return self.value(nodes[0])
        try:
            return self.chain(nodes)
        except UnsettledError:
            return self.asked.untold("".join(written(one) for one in nodes), self.bound)


def of_template(text: str, values: Bound, asked: Asked) -> str:
    """A template that is a file of its own, filled in.

    Raises:
        UnsettledError: nothing tells what it becomes.
    """
    node = parsed_template(text)
    if node is None:
        raise UnsettledError
    return Evaluation(asked, values).template(node)


_NAMED_ONCE: Final = frozenset({"local", "var", "each", "path", "count", "terraform", "self"})
"""Names that one more word tells; of a module two tell what it hands out."""
_ALONE: Final = frozenset(
    {"expression", "literal_value", "collection_value", "template_expr", "conditional", "variable_expr"}
)
_READERS: Final[Mapping[str, Callable[[Evaluation, tree_sitter.Node, list[tree_sitter.Node]], Any]]] = {
    "tuple": Evaluation.tuple_, "object": Evaluation.object_, "variable_expr": Evaluation.variable,
    "quoted_template": Evaluation.string, "conditional": Evaluation.conditional, "function_call": Evaluation.call,
    "for_expr": Evaluation.for_, "operation": Evaluation.operation,
}  # fmt: skip
