"""JavaScript and TypeScript: the doors of Express, Koa, Fastify, Hapi, NestJS and Next.js in one file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from magistrate.impact.behaviour.routes import CLIENTS
from magistrate.impact.guards import names
from magistrate.impact.guards.doors import Door, Guard, Side
from magistrate.impact.guards.javascript_conditions import (
    FUNCTIONS,
    Asked,
    Known,
    asked_by,
    bare,
    given,
    line_of,
    listed,
    named,
    pairs,
    steps_of,
    string,
    text,
)
from magistrate.impact.guards.javascript_values import application_call, pair, value
from magistrate.impact.guards.javascript_words import HOLDS, MARKS, NEST, QUESTION, ROUTES
from magistrate.impact.guards.steps import checks_of
from magistrate.impact.languages.trees import MAX_NODES

if TYPE_CHECKING:
    from tree_sitter import Node


def read_javascript(root: Node) -> Side:
    """Every door of a file.

    Raises:
        RecursionError: too large or nested too deeply to judge.
    """
    walk = _Walk()
    walk.names(root)
    walk.all(root)
    bodies = {name: text(one.child_by_field_name("body")) for name, one in walk.known.functions.items()}
    return Side(doors=walk.doors, bodies=bodies)


class _Walk:
    """One pass over the nodes of a file, without recursion."""

    def __init__(self) -> None:
        self.known = Known()
        self.doors: dict[str, Door] = {}
        self.used: dict[str, list[tuple[str, Guard]]] = {}

    def door(self, key: str, shown: str, line: int, **more: object) -> Door:
        """The door of a key, made where it is new."""
        if key not in self.doors:
            self.doors[key] = Door(key=key, named=shown, line=line, **more)  # type: ignore[arg-type]
        return self.doors[key]

    def names(self, root: Node) -> None:
        """Imports under other names, constants and functions of the file."""
        for top in root.named_children:
            one = top
            if one.type == "export_statement":
                one = one.child_by_field_name("declaration") or one
            if one.type == "import_statement":
                self._imports(one)
            elif one.type == "function_declaration":
                self.known.functions[text(one.child_by_field_name("name"))] = one
            elif one.type in {"lexical_declaration", "variable_declaration"}:
                for each in one.named_children:
                    self._constant(each)

    def _imports(self, node: Node) -> None:
        pending = list(node.named_children)
        while pending:
            one = pending.pop()
            if one.type == "import_specifier" and one.child_by_field_name("alias") is not None:
                self.known.imports[text(one.child_by_field_name("alias"))] = text(one.child_by_field_name("name"))
            elif one.type in {"import_clause", "named_imports"}:
                pending += one.named_children

    def _constant(self, node: Node) -> None:
        name, held = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None or held is None:
            return
        if name.type == "object_pattern":
            for one in (each for each in name.named_children if each.type == "pair_pattern"):
                self.known.imports[text(one.child_by_field_name("value"))] = text(one.child_by_field_name("key"))
            return
        inner = bare(held)
        if inner.type in FUNCTIONS:
            self.known.functions[text(name)] = inner
        else:
            self.known.values[text(name)] = inner

    def all(self, root: Node) -> None:
        """Every node once, in the order of the text."""
        pending: list[tuple[Node, tuple[str, ...]]] = [(root, ())]
        seen = 0
        while pending:
            node, scope = pending.pop()
            seen += 1
            if seen > MAX_NODES or len(scope) > 60:  # noqa: PLR2004
                raise RecursionError("too large or nested too deeply to judge")
            inner = self._take(node, scope)
            pending += [(one, inner) for one in reversed(node.named_children)]

    def _take(self, node: Node, scope: tuple[str, ...]) -> tuple[str, ...]:
        kind = node.type
        if kind in {"class_declaration", "class", "abstract_class_declaration"}:
            return self._class(node, scope)
        if kind in FUNCTIONS:
            return self._function(node, scope)
        if kind in {"call_expression", "new_expression"}:
            self._call(node, scope)
        elif kind == "pair":
            key, held = node.child_by_field_name("key"), node.child_by_field_name("value")
            if key is not None and held is not None:
                name = text(key).strip("'\"`")
                pair(self.door, name, bare(held), node, scope, self.known)
                return (*scope, name)
        elif kind in {"variable_declarator", "assignment_expression", "public_field_definition", "field_definition"}:
            left = next((one for word in ("name", "left", "property") if (one := node.child_by_field_name(word))), None)
            right = node.child_by_field_name("value") or node.child_by_field_name("right")
            if left is not None and right is not None:
                self._held(text(left), bare(right), scope)
                return (*scope, text(left))
        elif kind == "export_statement":
            self._export(node)
        return scope

    def _export(self, node: Node) -> None:
        held = node.child_by_field_name("value")
        if any(one.type == "default" for one in node.children):
            self.door("handler default", "`default`", line_of(node))
        if held is not None:
            self._held("default", bare(held), ())
        for clause in node.named_children:
            if clause.type != "export_clause":
                continue
            for one in clause.named_children:
                alias = text(one.child_by_field_name("alias")) or text(one.child_by_field_name("name"))
                source = f"{text(one.child_by_field_name('name'))} {text(node.child_by_field_name('source'))}"
                if alias in {"default", "middleware", "proxy"} and re.search("(?i)auth|clerk|middleware", source):
                    door = self.door(f"default export {alias}", f"`{alias}`", line_of(node))
                    door.guards.append(Guard(formula=f"guard {source.strip()}", line=line_of(node)))

    def _held(self, name: str, held: Node, scope: tuple[str, ...]) -> None:
        """A name and what it is: a handler inside of a guard, or a list."""
        value(self.door, name, held, scope, self.known)
        full = ".".join((*scope, name))
        wrapped = held
        while HOLDS.match(name) and wrapped.type == "call_expression" and given(wrapped):
            called = named(wrapped, self.known)
            if called.startswith(("express", "require")) and not names.asks(called):
                break
            door = self.door(f"handler {full}", f"`{full}`", line_of(held))
            door.routes = (full,) if name != "default" else ()
            bound = wrapped.child_by_field_name("function")
            self._add(door, asked_by(wrapped, self.known) if names.asks(called) else None, line_of(held))
            if bound is not None and bound.type == "call_expression":
                self._add(door, asked_by(bound, self.known), line_of(held))
            wrapped = bare(given(wrapped)[0])

    def _add(self, door: Door, asked: Asked | None, line: int) -> None:
        if asked is None:
            return
        if asked.opens:
            door.openers.setdefault(asked.opens, line)
        if asked.formula is not True:
            door.guards.append(Guard(formula=asked.formula, line=line))

    def _class(self, node: Node, scope: tuple[str, ...]) -> tuple[str, ...]:
        name = text(node.child_by_field_name("name")) or "?"
        full = ".".join((*scope, name))
        door = self.door(f"class {full}", f"`{full}`", line_of(node), holder=True)
        marks = [one for one in node.children if one.type == "decorator"]
        if node.parent is not None and node.parent.type == "export_statement":
            marks += [one for one in node.parent.children if one.type == "decorator"]
        for mark in marks:
            self._mark(door, mark)
        return (*scope, name)

    def _mark(self, door: Door, mark: Node) -> None:
        inner = mark.named_children[0] if mark.named_children else mark
        name = named(inner, self.known)
        if name in NEST:
            path = next((string(one) for one in given(inner)), None) or ""
            door.routes = (*door.routes, f"{name.upper()} {door.key.rpartition('.')[0]}/{path.lstrip('/')}")
            door.named = f"{name.upper()} /{path.lstrip('/')} of {door.key}" if path else door.key
        elif name.endswith("UseGuards"):
            for one in given(inner):
                self._add(door, asked_by(one, self.known, certain=True), line_of(mark))
        elif names.opens(name):
            if not any(text(one) == "false" for one in given(inner)):
                door.openers.setdefault(f"@{name}()", line_of(mark))
        elif name == "SetMetadata" and given(inner):
            key = string(given(inner)[0]) or text(given(inner)[0])
            if names.opens(key):
                door.openers.setdefault(f"@SetMetadata({key})", line_of(mark))
            elif names.asks(key):
                roles = [said for one in given(inner)[1:] for said in listed(one, self.known)]
                door.guards.append(Guard(formula=names.of_guard(key, roles), line=line_of(mark)))
        elif MARKS.match(name.rpartition(".")[2]) and not name.startswith("Api"):
            self._add(door, asked_by(inner, self.known, certain=True), line_of(mark))

    def _function(self, node: Node, scope: tuple[str, ...]) -> tuple[str, ...]:
        name = text(node.child_by_field_name("name"))
        inner = (*scope, name) if name else scope
        full = ".".join(inner)
        if not full:
            return inner
        if full in self.doors and (not name or node.type == "method_definition"):
            full = f"{full}#{sum(key.partition('#')[0] == full for key in self.doors)}"
        door = self.door(full, full, line_of(node))
        if node.type == "method_definition":
            door.within = (f"class {'.'.join(scope)}",)
            at = node.prev_named_sibling
            marks = [one for one in node.children if one.type == "decorator"]
            while at is not None and at.type == "decorator":
                marks.append(at)
                at = at.prev_named_sibling
            for mark in marks:
                self._mark(door, mark)
        body = node.child_by_field_name("body")
        if body is not None:
            checks = checks_of(steps_of(body, self.known), question=QUESTION.match(inner[-1]) is not None)
            door.guards += checks.guards
            door.acts += checks.acts
        return inner

    def _call(self, node: Node, scope: tuple[str, ...]) -> None:
        function = node.child_by_field_name("function")
        name = named(node, self.known)
        receiver, _, short = name.rpartition(".")
        asked = given(node)
        if function is not None and function.type == "member_expression" and asked:
            target = function.child_by_field_name("object")
            first = string(asked[0])
            chained = (
                re.search(r"\.route\(\s*['\"`]([^'\"`]*)", text(target))
                if target is not None and target.type == "call_expression" and short in ROUTES
                else None
            )
            if short == "use":
                self._use(node, receiver, first, asked)
            elif short == "addHook" and len(asked) > 1:
                self._use(node, receiver, None, asked[1:])
            elif short in ROUTES and chained is not None and target is not None:
                self._chained(node, target, chained[1], short, asked, receiver)
            elif (
                short in ROUTES
                and first is not None
                and len(asked) > 1
                and re.match(r"[/*:(]|\Z", first)
                and not CLIENTS.search(receiver)
            ):
                self._route(node, receiver, short, first, asked[1:])
        application_call(self.door, node, name, asked, scope, self.known)

    def _use(self, node: Node, receiver: str, path: str | None, asked: list[Node]) -> None:
        """Something that stands before whatever is declared behind it."""
        middle = asked if path is None else asked[1:]
        found = [(one, asked_by(one, self.known)) for one in middle if one.type not in FUNCTIONS]
        if path is not None and (len(middle) > 1 or (found and found[0][1] is None)):
            self._route(node, receiver, "use", path, middle)
            return
        for _, each in found:
            key = f"<{receiver}>" if path is None else f"<{receiver} {path}>"
            if each is not None and each.opens:
                self.door(key, f"`{receiver}`", line_of(node), holder=True).openers.setdefault(
                    each.opens, line_of(node)
                )
            if each is None or each.formula is True:
                continue
            guard = Guard(formula=each.formula, line=line_of(node))
            self.door(
                key, f"`{receiver}`" if path is None else f"`{receiver}` at `{path}`", line_of(node), holder=True
            ).guards.append(guard)
            self.used.setdefault(receiver, []).append((path or "", guard))

    def _before(self, receiver: str, path: str) -> list[Guard]:
        return [guard for prefix, guard in self.used.get(receiver, ()) if path.startswith(prefix.rstrip("*"))]

    def _route(self, node: Node, receiver: str, method: str, path: str, asked: list[Node]) -> None:
        shown = f"{method.upper()} {path}"
        door = self.door(f"{receiver} {shown}", shown, line_of(node))
        door.routes = (shown,)
        door.inherited += self._before(receiver, path)
        for one in asked[:-1]:
            self._middle(door, one)
        last = bare(asked[-1])
        if last.type == "array":
            for one in last.named_children[:-1]:
                self._middle(door, one)
            last = last.named_children[-1] if last.named_children else last
        if last.type == "call_expression":
            self._wrapped(door, last)
        elif last.type in FUNCTIONS:
            body = last.child_by_field_name("body")
            if body is not None:
                checks = checks_of(steps_of(body, self.known), question=False)
                door.guards += checks.guards
                door.acts += checks.acts
        elif last.type == "identifier" and text(last) in self.known.functions:
            door.within = (*door.within, text(last))
        elif last.type == "object":
            self._options(door, last)

    def _wrapped(self, door: Door, node: Node) -> None:
        """A handler inside of calls that may ask."""
        while node.type == "call_expression":
            called = named(node, self.known)
            inside = [bare(one) for one in given(node)]
            if names.asks(called) and not called.lower().endswith(("controller", "handler")) and inside:
                said = [one for one in inside if one.type in {"string", "array"}]
                roles = [each for one in said for each in listed(one, self.known)]
                door.guards.append(Guard(formula=names.of_guard(called, roles), line=line_of(node)))
            for one in inside[:-1]:
                self._middle(door, one)
            if not inside:
                return
            node = inside[-1]

    def _middle(self, door: Door, node: Node) -> None:
        node = bare(node)
        if node.type == "object":
            self._options(door, node)
        elif node.type in FUNCTIONS:
            body = node.child_by_field_name("body")
            if body is not None:
                door.guards += checks_of(steps_of(body, self.known), question=False).guards
        else:
            self._add(door, asked_by(node, self.known), line_of(node))

    def _options(self, door: Door, node: Node) -> None:
        for key, held in pairs(node):
            if key in {
                "preHandler",
                "onRequest",
                "preValidation",
                "preParsing",
                "pre",
                "middleware",
                "middlewares",
                "use",
            }:
                self._add(door, asked_by(held, self.known), line_of(held))
            elif key in {"config", "options", "schema"} and held.type == "object":
                self._options(door, held)
            elif key in {"auth", "security", "authorize"} and text(held) in {"false", "[]", "null"}:
                door.openers.setdefault(f"{key}: {text(held)}", line_of(held))
            elif key in {"auth", "security", "authorize", "scope", "roles", "permissions"}:
                door.guards.append(Guard(formula=f"guard {key} {text(held)}", line=line_of(held)))

    def _chained(self, node: Node, target: Node, path: str, method: str, asked: list[Node], receiver: str) -> None:  # noqa: PLR0913, PLR0917
        """`router.route(path).all(guard).get(handler)`: what `all` brings holds for what follows."""
        shown = f"{method.upper()} {path}"
        if method == "all" and len(asked) == 1 and asked_by(asked[0], self.known) is not None:
            return
        root = receiver.partition(".route")[0]
        door = self.door(f"{root} {shown}", shown, line_of(node))
        door.routes = (shown,)
        door.inherited += self._before(root, path)
        for one in asked[:-1]:
            self._middle(door, one)
        if bare(asked[-1]).type == "call_expression":
            self._wrapped(door, bare(asked[-1]))
        at: Node | None = target
        while at is not None and at.type == "call_expression":
            function = at.child_by_field_name("function")
            if function is not None and text(function.child_by_field_name("property")) == "all":
                for one in given(at):
                    self._middle(door, one)
            at = None if function is None else function.child_by_field_name("object")
