"""JavaScript and TypeScript: conditions, guards and statements of a tree as formulas and steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from magistrate.impact.compiled import rx
from magistrate.impact.guards import names
from magistrate.impact.guards.formula import Formula, both, either, negated
from magistrate.impact.guards.steps import Step

if TYPE_CHECKING:
    from tree_sitter import Node

FUNCTIONS: Final = frozenset(
    {"arrow_function", "function_expression", "function_declaration", "method_definition", "generator_function", "generator_function_declaration", "function"}
)  # fmt: skip
AROUND: Final = frozenset(
    {"parenthesized_expression", "await_expression", "as_expression", "non_null_expression", "satisfies_expression", "type_assertion"}
)  # fmt: skip
LOOPS: Final = frozenset(
    {
        "for_statement",
        "for_in_statement",
        "while_statement",
        "do_statement",
        "try_statement",
        "switch_statement",
        "catch_clause",
        "finally_clause",
        "switch_body",
        "switch_case",
        "switch_default",
        "statement_block",
        "labeled_statement",
    }
)
MOST_DEPTH: Final = 12
OPTIONS_THAT_OPEN: Final = rx(
    r"(?:credentialsRequired\s*:\s*false|mode\s*:\s*['\"](?:try|optional)['\"]|(?:optional|public)\s*:\s*true|required\s*:\s*false)"
)


@dataclass(slots=True)
class Known:
    """What names of a file stand for: imports by their alias, constants, functions."""

    imports: dict[str, str] = field(default_factory=dict)
    values: dict[str, Node] = field(default_factory=dict)
    functions: dict[str, Node] = field(default_factory=dict)
    asking: dict[str, bool] = field(default_factory=dict)

    def guards(self, name: str) -> bool:
        """Whether a function of this file refuses somebody."""
        if name not in self.asking:
            found = self.functions.get(name)
            self.asking[name] = (
                found is not None and names.REFUSES.search(text(found)) is not None and "next" in text(found)
            )
        return self.asking[name]


def text(node: Node | None) -> str:
    """The text of a node, blanks as one, without optional marks."""
    if node is None or node.text is None:
        return ""
    return " ".join(node.text[:4_000].decode("utf-8", "replace").split()).replace("?.", ".").replace("!.", ".")


def line_of(node: Node) -> int:
    """1-based."""
    return int(node.start_point[0]) + 1


def bare(node: Node) -> Node:
    """A value without what is only around it."""
    while node.type in AROUND and node.named_children:
        node = node.named_children[0]
    return node


def string(node: Node | None) -> str | None:
    """The content of a text literal; None for anything else."""
    if node is None or node.type not in {"string", "template_string"}:
        return None
    return text(node)[1:-1]


def named(node: Node | None, known: Known) -> str:
    """What a name, a member or a call is called, an alias as what it stands for."""
    if node is None:
        return ""
    node = bare(node)
    if node.type in {"identifier", "property_identifier", "type_identifier", "this"}:
        said = text(node)
        return known.imports.get(said, said)
    if node.type == "member_expression":
        above = named(node.child_by_field_name("object"), known)
        return f"{above}.{text(node.child_by_field_name('property'))}"
    if node.type in {"call_expression", "new_expression"}:
        return named(node.child_by_field_name("function") or node.child_by_field_name("constructor"), known)
    return ""


def given(node: Node) -> list[Node]:
    """The arguments of a call."""
    holder = node.child_by_field_name("arguments")
    return [] if holder is None else [one for one in holder.named_children if one.type != "comment"]


def pairs(node: Node) -> Iterator[tuple[str, Node]]:
    """Keys and values of an object."""
    for one in node.named_children:
        if one.type == "pair":
            key, value = one.child_by_field_name("key"), one.child_by_field_name("value")
            if key is not None and value is not None:
                yield text(key).strip("'\"`"), bare(value)
        elif one.type == "shorthand_property_identifier":
            yield text(one), one
        elif one.type == "method_definition":
            yield text(one.child_by_field_name("name")), one


def listed(node: Node, known: Known, depth: int = 0) -> list[str]:
    """The texts and names that a value lists."""
    node = bare(node)
    if node.type == "array" and depth < MOST_DEPTH:
        return [one for part in node.named_children for one in listed(part, known, depth + 1)]
    if node.type == "spread_element" and node.named_children and depth < MOST_DEPTH:
        return listed(node.named_children[0], known, depth + 1)
    if node.type == "identifier" and text(node) in known.values and depth < MOST_DEPTH:
        return listed(known.values[text(node)], known, depth + 1)
    said = string(node)
    return [text(node) if said is None else said]


@dataclass(frozen=True, slots=True)
class Asked:
    """What something asks for; `opens` where it says that anybody may pass."""

    formula: Formula
    opens: str = ""


def asked_by(node: Node, known: Known, *, certain: bool = False, depth: int = 0) -> Asked | None:  # noqa: C901, PLR0911
    """What an expression at the place of a guard asks for; None: it is no guard."""
    node = bare(node)
    if depth > MOST_DEPTH:
        return None
    if node.type == "array":
        return all_of([asked_by(one, known, certain=certain, depth=depth + 1) for one in node.named_children])
    if node.type == "spread_element" and node.named_children:
        return asked_by(node.named_children[0], known, certain=certain, depth=depth + 1)
    if node.type in {"identifier", "shorthand_property_identifier"} and text(node) in known.values:
        found = asked_by(known.values[text(node)], known, certain=certain, depth=depth + 1)
        if found is not None:
            return found
    said = string(node)
    if said is not None:
        return Asked(f"guard {said}") if certain and said else None
    if node.type in {"call_expression", "new_expression"}:
        return _of_call(node, known, certain=certain, depth=depth)
    name = named(node, known) or (text(node) if node.type == "shorthand_property_identifier" else "")
    short = name.rpartition(".")[2]
    if not name:
        return None
    if names.opens(short):
        return Asked(formula=True, opens=short)
    if certain or names.asks(name) or known.guards(text(node)):
        return Asked(names.of_guard(name))
    return None


def _of_call(node: Node, known: Known, *, certain: bool, depth: int) -> Asked | None:  # noqa: C901, PLR0911
    name = named(node, known)
    short = name.rpartition(".")[2]
    inside = [asked_by(one, known, depth=depth + 1) for one in given(node)]
    if short in {"and", "chain", "allow", "every", "compose", "UseGuards", "applyDecorators", "useGlobalGuards"}:
        return all_of(inside)
    if short in {"or", "race", "some", "anyOf"}:
        return Asked(either([one.formula for one in inside if one is not None])) if any(inside) else None
    if short == "not" and any(inside):
        return Asked(both(negated(one.formula) for one in inside if one is not None))
    if short in {"bind", "unless", "call"}:
        function = node.child_by_field_name("function")
        above = None if function is None else function.child_by_field_name("object")
        return None if above is None else asked_by(above, known, certain=certain, depth=depth + 1)
    if names.opens(short):
        return Asked(formula=True, opens=short)
    if not (certain or names.asks(name) or known.guards(name)):
        return None
    if any(OPTIONS_THAT_OPEN.search(text(one)) for one in given(node) if one.type == "object"):
        return Asked(formula=True, opens=text(node)[:60])
    roles: list[str] = []
    for one in given(node):
        if one.type == "object":
            roles += [
                f"{key}={value}" for key, held in pairs(one) if key not in names.QUIET for value in listed(held, known)
            ]
        elif one.type not in FUNCTIONS:
            roles += listed(one, known)
    if name == "passport.authenticate":
        short = "passport.authenticate"
        formula = either([f"guard passport.authenticate({one})" for one in roles if "=" not in one])
        return Asked(formula if roles else names.of_guard(short))
    return Asked(names.of_guard(name, roles))


def all_of(found: list[Asked | None]) -> Asked | None:
    """All of what was found."""
    kept = [one for one in found if one is not None]
    if not kept:
        return None
    return Asked(both(one.formula for one in kept), next((one.opens for one in kept if one.opens), ""))


def condition(node: Node, known: Known, depth: int = 0) -> Formula:  # noqa: PLR0911
    """A condition as a formula over the texts of its parts."""
    if depth > 40:  # noqa: PLR2004
        raise RecursionError("nested too deeply to judge")
    node = bare(node)
    if node.type in {"true", "false", "null", "undefined"}:
        return node.type == "true"
    if node.type == "unary_expression" and text(node.child_by_field_name("operator")) == "!":
        inner = node.child_by_field_name("argument")
        return text(node) if inner is None else negated(condition(inner, known, depth + 1))
    if node.type == "binary_expression":
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        word = text(node.child_by_field_name("operator"))
        if left is not None and right is not None and word in {"&&", "||", "??"}:
            parts = [condition(one, known, depth + 1) for one in (left, right)]
            return both(parts) if word == "&&" else either(parts)
        if left is not None and right is not None and word.strip("!=") == "" and word != "=":
            flag = text(right)
            found: Formula = text(left) if flag in {"true", "false"} else f"{text(left)} == {_quoted(right)}"
            turned = word.startswith("!") is not (flag == "false")
            return negated(found) if turned else found
    if node.type == "ternary_expression":
        test, yes, no = (node.child_by_field_name(one) for one in ("condition", "consequence", "alternative"))
        if test is not None and yes is not None and no is not None:
            asked, first, second = (condition(one, known, depth + 1) for one in (test, yes, no))
            return either([both([asked, first]), both([negated(asked), second])])
    if node.type == "call_expression":
        return _of_question(node, known)
    return text(node)


def _quoted(node: Node) -> str:
    said = string(node)
    return text(node) if said is None else repr(said)


def _of_question(node: Node, known: Known) -> Formula:
    function = node.child_by_field_name("function")
    short = named(node, known).rpartition(".")[2] if function is not None else ""
    asked = given(node)
    holder = None if function is None else function.child_by_field_name("object")
    if holder is None and short in {"and", "or", "not"} and asked:
        parts = [condition(one, known) for one in asked]
        return negated(parts[0]) if short == "not" else both(parts) if short == "and" else either(parts)
    if holder is not None and short == "includes" and len(asked) == 1:
        inner = bare(holder)
        if inner.type == "identifier" and text(inner) in known.values:
            inner = bare(known.values[text(inner)])
        if inner.type == "array":
            return either([f"{text(asked[0])} == {_quoted(one)}" for one in inner.named_children])
    if holder is not None and short in {"every", "some"}:
        over = f"{text(holder)}: {', '.join(map(text, asked))}"
        return both([f"some({over})", f"every({over})"]) if short == "every" else f"some({over})"
    if text(function) == "Boolean" and len(asked) == 1:
        return condition(asked[0], known)
    return text(node)


def steps_of(node: Node, known: Known, depth: int = 0) -> tuple[Step, ...]:
    """The statements of a block or body as steps."""
    if depth > 30:  # noqa: PLR2004
        raise RecursionError("nested too deeply to judge")
    if node.type == "statement_block" or node.type in LOOPS:
        return tuple(step for one in node.named_children for step in _step(one, known, depth + 1))
    if node.type.endswith("statement"):
        return tuple(_step(node, known, depth + 1))
    value = condition(node, known)  # the body of an arrow that is one expression
    return (Step(kind="leave", line=line_of(node), value=lambda: value, text=lambda: text(node)),)


def _step(node: Node, known: Known, depth: int) -> Iterator[Step]:
    line = line_of(node)
    if node.type == "if_statement":
        test, yes, no = (node.child_by_field_name(one) for one in ("condition", "consequence", "alternative"))
        other = no.named_children[0] if no is not None and no.type == "else_clause" and no.named_children else no
        asked: Formula = True if test is None else condition(test, known)
        body = () if yes is None else steps_of(yes, known, depth)
        yield Step(
            kind="if", line=line, test=asked, body=body, other=() if other is None else steps_of(other, known, depth)
        )
    elif node.type in LOOPS:
        yield Step(kind="block", line=line, body=steps_of(node, known, depth))
    elif node.type in {"return_statement", "throw_statement"}:
        said = text(node)[:400]
        if names.REFUSES.search(said):
            yield Step(kind="refuse", line=line)
        else:
            inner = node.named_children[0] if node.named_children and node.type == "return_statement" else None
            value = None if inner is None else condition(inner, known)
            answered = None if value is None else (lambda: value)
            yield Step(kind="leave", line=line, value=answered, text=lambda: text(node))
    elif node.type == "expression_statement" and node.named_children:
        inner = bare(node.named_children[0])
        said = text(inner)[:400]
        name = named(inner, known)
        short = name.rpartition(".")[2]
        if (
            names.REFUSES.search(said)
            and inner.type in {"call_expression", "assignment_expression"}
            and re.search(r"40[13]|(?i:forbidden|unauthorized|denied|redirect|throw|next|reject|error)", said)
        ):
            yield Step(kind="refuse", line=line)
        elif inner.type == "call_expression" and names.asks(name) and names.CHECKS.match(short):
            yield Step(kind="guard", line=line, test=f"guard {said}")
        else:
            yield Step(kind="act", line=line, text=lambda: text(node))
    elif node.type in {"lexical_declaration", "variable_declaration"}:
        yield Step(kind="act", line=line, text=lambda: text(node))
