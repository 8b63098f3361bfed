"""JavaScript, TypeScript, Go, Java and Rust by their grammars: the same questions to every tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from magistrate.impact.base import ChangedFile
from magistrate.impact.behaviour import tree_words as words
from magistrate.impact.behaviour.facts import Fact, Kind, Named, Side, named, named_kind
from magistrate.impact.behaviour.places import Lines, touched
from magistrate.impact.behaviour.routes import route_of
from magistrate.impact.behaviour.tree_words import arguments, callee, first_line, last_line, string, text
from magistrate.impact.compiled import rx
from magistrate.impact.languages.trees import MAX_NODES, parser_of

if TYPE_CHECKING:
    from tree_sitter import Node

SHORT: Final = 80
LONG: Final = 400
COMMENT: Final = rx(r"/\*.*?\*/")
RETURNED: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a node stands: names of what it is in, the innermost function, what holds there, who takes its value."""

    names: tuple[str, ...] = ()
    function: str = ""
    guard: str = ""
    holder: str = ""
    exported: bool = False
    interface: bool = False

    @property
    def scope(self) -> str:
        return ".".join(self.names)


def read(file: ChangedFile) -> Named | None:
    """What differs between two sides that the grammar accepts; None for other files."""
    grammar = words.grammar_of(file.name)
    if grammar is None:
        return None
    sides: list[Side] = []
    for content, lines in zip((file.change.before, file.change.after), touched(file), strict=True):
        if content is None:
            sides.append(Side())
            continue
        root = parser_of(grammar).parse(content).root_node
        if root.has_error:
            return None
        walk = _Walk(lines)
        walk.all(root, exported=file.name.endswith(".go"))
        sides.append(Side(facts=tuple(walk.facts), scopes=frozenset(walk.scopes), changed=tuple(walk.changed)))
    return named(*sides)


class _Walk:
    """One pass over the nodes of one side that stand on looked-at lines, without recursion."""

    def __init__(self, lines: Lines) -> None:
        self.facts: list[Fact] = []
        self.scopes: set[str] = {""}
        self.changed: list[str] = []
        self._lines = lines
        self._go = False

    def all(self, root: Node, *, exported: bool) -> None:
        """Every node once, in the order of the text."""
        self._go = exported
        pending: list[tuple[Node, _Place]] = [(root, _Place())]
        seen = 0
        while pending:
            node, place = pending.pop()
            seen += 1
            if not node.is_named or "comment" in node.type or not self._lines.any_in(first_line(node), last_line(node)):
                continue
            if seen > MAX_NODES:
                raise ValueError("too large to judge")
            pending += list(self._children(node, place))[::-1]

    def _children(self, node: Node, place: _Place) -> Iterator[tuple[Node, _Place]]:
        """Take what a node says, and give its children with their places."""
        kind = node.type
        inner = place
        if kind in words.FUNCTIONS:
            inner = self._function(node, node, self._name(node), place)
        elif kind == "mod_item" and self._name(node) in {"test", "tests"}:
            self.changed.append(self._name(node))  # the tests of Rust stand in the file that they test
            return
        elif kind in words.CLASSES:
            inner = self._class(node, place)
        elif kind == "export_statement":
            inner = replace(place, exported=True)
        elif kind in words.MARKS:
            self._mark(node, place)
            return
        else:
            inner = self._other(node, place)
        if kind in words.BRANCHES:
            asked = node.child_by_field_name("condition")
            bare = asked is not None and asked.type == "parenthesized_expression"
            condition = text(asked)[1:-1] if bare else text(asked)
            consequence, otherwise = node.child_by_field_name("consequence"), node.child_by_field_name("alternative")
            for child in node.children:
                guard = place.guard
                guard = condition if child == consequence else f"not ({condition})" if child == otherwise else guard
                yield child, replace(inner, guard=guard)
            return
        for child in node.children:
            yield child, inner

    def _name(self, node: Node) -> str:
        name = text(node.child_by_field_name("name")) or "?"
        receiver = node.child_by_field_name("receiver")
        return f"{text(receiver).strip('()').split(' ')[-1].lstrip('*')}.{name}" if receiver is not None else name

    def _add(self, place: _Place, kind: Kind, what: str, value: str, node: Node, *, lone: bool = True) -> None:  # noqa: PLR0913
        self.facts.append(Fact(kind=kind, what=what, value=value, line=first_line(node), within=place.scope, lone=lone))

    def _exit(self, place: _Place, what: str, value: str, node: Node) -> None:
        where = f" in `{place.scope}`" if place.scope else ""
        self._add(place, Kind.EXIT, what + where, value + (f" when {place.guard}" if place.guard else ""), node)

    def _function(self, node: Node, holder: Node, name: str, place: _Place) -> _Place:
        """A function; `holder` is the node that names it."""
        full = ".".join((*place.names, name))
        self.scopes.add(full)
        self.changed += [full] if self._lines.changed_in(first_line(node), last_line(node)) else []
        bare = name.rpartition(".")[2]
        seen = not self._go or all(part[:1].isupper() for part in name.split("."))
        exported = self._go or place.exported
        offered = seen and words.public(holder, bare, exported=exported, inside_interface=place.interface)
        if offered and not place.function:
            self._add(place, Kind.SIGNATURE, f"`{full}`", _signature(node, bare), node)
        return _Place(names=(*place.names, name), function=full, exported=place.exported)

    def _class(self, node: Node, place: _Place) -> _Place:
        name = text(node.child_by_field_name("name") or node.child_by_field_name("type")) or "?"
        interface = node.type in {
            "interface_declaration",
            "trait_item",
            "annotation_type_declaration",
            "type_alias_declaration",
        } or (node.type == "impl_item" and node.child_by_field_name("trait") is not None)
        inner = _Place(
            names=(*place.names, name), exported=place.exported, interface=interface, function=place.function
        )
        self.scopes.add(inner.scope)
        self.changed += [inner.scope] if self._lines.changed_in(first_line(node), last_line(node)) else []
        named = node.type not in words.UNNAMED_SCOPES and not place.function
        if named and words.public(node, name, exported=place.exported, inside_interface=False):
            self._add(place, Kind.SIGNATURE, f"`{inner.scope}`", _head(node, name), node)
        if node.type == "record_declaration":
            for one in getattr(node.child_by_field_name("parameters"), "named_children", ()):
                self._add(
                    inner, Kind.SCHEMA, f"field `{inner.scope}.{text(one.child_by_field_name('name'))}`", text(one), one
                )
        return inner

    def _mark(self, node: Node, place: _Place) -> None:
        """An annotation, decorator or attribute: a route, or something that is said of what follows."""
        said = text(node)
        following = node.next_named_sibling
        while following is not None and following.type in words.MARKS:
            following = following.next_named_sibling
        inner = place
        if node.type in {"decorator", "attribute_item"} and following is not None and following.type in words.FUNCTIONS:
            inner = replace(place, names=(*place.names, self._name(following)))
        route = words.RUST_ROUTE.match(said)
        spring = words.SPRING.match(said)
        where = f" in `{inner.scope}`" if inner.scope else ""
        if route is not None:
            self._add(inner, Kind.ROUTE, f"`{route[2]}`", route[1].upper(), node)
        elif spring is not None:
            path = words.STRING.search(said)
            verb = (spring[1] or spring[2]).upper()
            verbs = ", ".join(words.NAMED.findall(said)) if verb in {"REQUEST", "PATH", "CONTROLLER"} else verb
            self._add(inner, Kind.ROUTE, f"`{path[1] if path else ''}`{where}", verbs or "any method", node)
        elif words.QUIET_MARKS.match(said) is None:
            kind = Kind.SCHEMA if words.STORED.match(said) else Kind.SIGNATURE
            name = re.split(r"[(\]]", said)[0] + ("]" if said.startswith("#[") else "")
            if not (node.parent is not None and node.parent.parent and node.parent.parent.type == "field_declaration"):
                self._add(inner, kind, f"mark `{name}`{where}", said, node)

    def _other(self, node: Node, place: _Place) -> _Place:
        kind = node.type
        if kind in words.SETTINGS or kind in words.PARAMETERS:
            return self._setting(node, place)
        if kind in words.FIELDS:
            self._field(node, place)
        elif kind in words.CALLS:
            self._call(node, place)
            return replace(place, holder=callee(node))
        elif kind == "throw_statement":
            self._exit(place, "`throw`", text(node).rstrip(";"), node)
        elif kind in {"return_statement", "return_expression"} and not _is_last(node):
            said = text(node).rstrip(";")
            self._exit(place, "early return", said if len(said) <= RETURNED else "return a value", node)
        elif kind == "catch_clause":
            caught = text(next((one for one in node.named_children if one.type == "catch_formal_parameter"), None))
            body = node.child_by_field_name("body")
            ignored = body is not None and not body.named_children
            self._exit(place, "error handling", f"catch {caught}".strip() + (", ignored" if ignored else ""), node)
            return replace(place, guard="an error is caught")
        elif kind == "try_expression":
            self._exit(replace(place, guard=""), "early return on error (`?`)", text(node)[-SHORT:], node)
        elif kind in words.HOLDERS and place.function:
            name = text(node.child_by_field_name("type") or node.child_by_field_name("name"))
            return replace(place, holder=name or place.holder)
        return place

    def _field(self, node: Node, place: _Place) -> None:
        if place.function:
            return
        own = self._go and text(node.child_by_field_name("name"))[:1].islower()
        if own and node.child_by_field_name("tag") is None:
            return  # nothing outside its package sees it
        declared = node.child_by_field_name("declarator")
        name = text((declared or node).child_by_field_name("name"))
        marked = any(one.type in words.MARKS for child in node.children for one in (child, *child.children))
        if declared is not None and not marked and not place.interface:
            return
        said = text(node).rstrip(";")
        self._add(
            place, Kind.SCHEMA, f"field `{place.scope}.{name}`" if name else f"embedded in `{place.scope}`", said, node
        )

    def _setting(self, node: Node, place: _Place) -> _Place:
        fields = words.SETTINGS.get(node.type) or words.PARAMETERS[node.type]
        target, value = (node.child_by_field_name(field) for field in fields)
        name = text(target).strip("\"'")
        if target is None or value is None or len(name) > SHORT:
            return place
        inside = value
        while inside.type in words.AROUND and inside.named_children:
            inside = inside.named_children[0]
        if inside.type in words.CLOSURES and node.type not in words.PARAMETERS:
            return self._function(inside, node, name, place) if not place.function else place
        if node.type in words.PARAMETERS:
            kind = named_kind(name, text(value))
            self._add(place, kind, f"default of `{name}` in `{place.scope}`", text(value), node, lone=False)
            return place
        entry = node.type in words.ENTRIES
        owner = place.holder if entry else ""
        shown = f"`{name}`" + (f" of `{owner}`" if owner else "") + (f" in `{place.scope}`" if place.scope else "")
        if inside.type in words.HOLDERS or inside.type in {"class", "class_expression"}:
            return replace(place, holder=f"{owner}.{name}".lstrip("."))
        said = text(value)
        kind = named_kind(name.rpartition(".")[2], said)
        made = kind is Kind.DEFAULT and inside.type in words.CALLS
        switch = kind is Kind.FLAG and said in {"true", "false"}
        if len(said) > LONG:
            return place
        if kind is Kind.LIMIT or switch or (not place.function and not made):
            lone = (entry or not place.function) and (switch or (kind is Kind.LIMIT and any(map(str.isdigit, said))))
            self._add(place, kind, shown, said, node, lone=lone)
        elif kind is Kind.DEFAULT and len(said) <= SHORT and words.DEFAULTING.search(said):
            self._add(place, kind, shown, said, node, lone=False)
        return place

    def _call(self, node: Node, place: _Place) -> None:
        name = callee(node)
        given = arguments(node)
        short = name.rpartition(".")[2]
        first = string(given[0]) if given else None
        where = f" in `{place.scope}`" if place.scope else ""
        route = route_of(name, first, [text(one) for one in given[1:]])
        if route is not None:
            self._add(place, Kind.ROUTE, f"`{route[0]}`", route[1], node)
        elif words.ENDS.match(name):
            macro = text(node) if node.type == "macro_invocation" else ""
            said = macro or f"{name}({', '.join(text(one) for one in given)})"
            self._exit(place, f"`{name}`", said, node)
        elif words.SWITCH.search(name) and first is not None:
            self._add(place, Kind.FLAG, f"flag `{first}` asked{where}", name, node)
        elif given and named_kind(short) is Kind.LIMIT:
            said = text(given[-1])
            if len(said) <= SHORT and any(map(str.isdigit, said)) and given[-1].type not in words.CLOSURES:
                self._add(place, Kind.LIMIT, f"`{name}()`{where}", said, node)


def _is_last(node: Node) -> bool:
    """Whether a return ends the body of its function, which it does without it as well."""
    if node.next_named_sibling is not None:
        return False
    above = node.parent
    while above is not None and above.type in words.BLOCKS:
        if above.next_named_sibling is not None and above.type != "statement_list":
            return False
        above = above.parent
    return above is None or above.type in words.FUNCTIONS or above.type in words.CLOSURES


def _signature(node: Node, name: str) -> str:
    """Parameters and result as they are written, without the defaults, which are facts of their own."""
    parameters = node.child_by_field_name("parameters") or node.child_by_field_name("parameter")
    result = next(
        (found for field in ("return_type", "result", "type") if (found := node.child_by_field_name(field))), None
    )
    if parameters is None:
        return name
    parts: list[str] = []
    for one in parameters.named_children if parameters.type.endswith(("parameters", "list")) else [parameters]:
        default = next(
            (one.child_by_field_name(field) for field in ("value", "right") if one.child_by_field_name(field)), None
        )
        if "comment" in one.type:
            continue
        said = text(one)
        if default is not None:
            said = said[: -len(text(default))].rstrip(" =") + "=…"
        parts.append(said)
    asynchronous = "async " if any(one.type == "async" for one in node.children) else ""
    given = " ".join(COMMENT.sub(" ", ", ".join(parts)).split())
    back = text(result).lstrip(": ")
    return f"{asynchronous}{name}({given})" + (f": {back}" if back else "")


def _head(node: Node, name: str) -> str:
    """A class by its name and what it extends."""
    above = [
        text(one)
        for one in node.children
        if one.type in {"class_heritage", "superclass", "super_interfaces", "extends_interfaces"}
    ]
    kind = node.type.split("_")[0]
    return f"{'type' if kind in {'type', 'abstract'} else kind} {' '.join([name, *above])}"
