"""Python: the doors of Django, DRF, Flask, FastAPI, Starlette and Pyramid in one file."""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from magistrate.impact.behaviour.routes import route_of
from magistrate.impact.compiled import rx
from magistrate.impact.guards import names
from magistrate.impact.guards.doors import Door, Guard, Side
from magistrate.impact.guards.formula import negated
from magistrate.impact.guards.python_conditions import (
    SHALLOW,
    Function,
    Names,
    asked_by,
    condition,
    dotted,
    names_of,
    steps_of,
    texts,
)
from magistrate.impact.guards.python_settings import application_call, setting
from magistrate.impact.guards.steps import checks_of
from magistrate.impact.languages.python import read_tree
from magistrate.impact.languages.python_nodes import nested_less_than, walk
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.screening import finds

TURNED: Final = rx(
    r"(?:is|needs?|requires?|must|should)_\w*(?:protected|required|secured|private|restricted)\Z|requires_(?:auth|login)\w*\Z"
)
"""Questions whose yes asks for more."""
WHOLE: Final = rx(
    r"add_middleware|CORS|cross_origin|init_app|before_request|before_app_request|include_router|add_url_rule|add_route|add_api_route|add_view|exempt|CSRFProtect|CsrfProtect|SeaSurf|Talisman|"
    r"set_default|\b(?:re_)?path\(|\burl\(|Route\(|mount\(|auto_error|Middleware\(|setdefault|from_mapping|config\.update",
    re.ASCII,
)
"""Words without which no call of a file speaks of the application as a whole."""
QUESTION: Final = rx(
    r"(?:_*(?:has|can|is|check|may|test|should|user)_(?:\w*)|test_func|authori[sz]ed?|allowed|permits?|is\w*allowed|__call__|check|has_perms?|\w*_permission|dispatch_allowed|\w+_only|filter_queryset_allowed)\Z"
)
ASKING_FIELDS: Final = frozenset(
    {"permission_classes", "permission_required", "decorators", "permissions", "group_required", "required_permission", "required_permissions",
     "required_scopes", "permission", "roles_required", "guards", "dependencies", "permission_classes_by_action", "groups_required", "required_roles",
     "method_decorators", "perms_map", "allowed_roles", "login_required", "auth_required", "raise_exception_required", "any_permission", "access_roles"}
)  # fmt: skip
GUARD_WORDS: Final = frozenset(
    {"permission", "permissions", "dependencies", "guards", "auth", "roles", "required_role", "required_permissions", "permission_classes", "effective_principals",
     "require_csrf", "authentication_classes", "login_required", "auth_required", "roles_required", "middleware", "decorators", "security"}
)  # fmt: skip
RENAMES: Final = b"user_passes_test"
"""What names are put into: such a tree is changed while it is read."""
TYPE_COMMENT: Final = b"type:"
MAX_HELD: Final = 100_000
"""Bytes of a text whose tree is held as long as what was read from it."""
BASES: Final = rx(r"(?i)mixin|require|protected|permission|auth|login|admin|staff|access")


def read_python(content: bytes) -> Side:
    """Every door of a module.

    Raises:
        SyntaxError: the parser does not accept it.
        RecursionError: nested too deeply to judge.
    """
    lasting = content.isascii() and RENAMES not in content
    tree = _tree(content, shared=lasting)
    known = names_of(tree)
    known.lasting = (
        lasting and len(content) <= MAX_HELD and all(nested_less_than(one, SHALLOW) for one in known.values.values())
    )
    whole = _Walk(known, whole=finds(WHOLE, content.decode("latin-1")))
    whole.block(tree.body, (), ())
    bodies = {name: _body(one) for name, one in {**known.functions, **known.classes}.items() if names.asks(name)}
    return Side(doors=whole.doors, bodies=bodies)


def _tree(content: bytes, *, shared: bool) -> ast.Module:
    """The tree of a text: the one that provers read as well, where nobody changes it and no comment gives a type."""
    if shared and TYPE_COMMENT not in content:
        with contextlib.suppress(UnreadableError):
            return read_tree(content)
    return ast.parse(content)


def _body(one: Function | ast.ClassDef) -> str:
    return "\n".join(ast.dump(part) for part in one.body)


class _Walk:
    """One pass over the statements of a module."""

    def __init__(self, known: Names, *, whole: bool) -> None:
        self.known = known
        self.whole = whole
        self.doors: dict[str, Door] = {}

    def door(self, key: str, named: str, line: int, **more: object) -> Door:
        """The door of a key, made where it is new."""
        if key not in self.doors:
            self.doors[key] = Door(key=key, named=named, line=line, **more)  # type: ignore[arg-type]
        return self.doors[key]

    def block(self, body: Iterable[ast.stmt], scope: tuple[str, ...], within: tuple[str, ...]) -> None:
        """Statements outside of functions, and functions with what is in them."""
        for one in body:
            if isinstance(one, Function):
                self._function(one, scope, within)
            elif isinstance(one, ast.ClassDef):
                self._class(one, scope, within)
            else:
                self._statement(one)
                for name in ("body", "orelse", "finalbody"):
                    self.block(getattr(one, name, ()), scope, within)
                for case in getattr(one, "handlers", ()):
                    self.block(case.body, scope, within)

    def _ask(self, door: Door, node: ast.AST, *, certain: bool = False, line: int = 0) -> None:
        asked = asked_by(node, self.known, certain=certain)
        if asked is None:
            return
        at = line or getattr(node, "lineno", door.line)
        if asked.opens:
            door.openers.setdefault(asked.opens, at)
        if asked.formula is not True:
            door.guards.append(Guard(formula=asked.formula, line=at))

    def _function(self, node: Function, scope: tuple[str, ...], within: tuple[str, ...]) -> None:  # noqa: C901
        full = ".".join((*scope, node.name))
        door = Door(key=full, named=full, line=node.lineno, within=within)
        if full in self.doors:
            door.key = full = f"{full}#{sum(key.partition('#')[0] == full for key in self.doors)}"
        self.doors[full] = door
        routes: list[str] = []
        above: list[Guard] = []
        for mark in node.decorator_list:
            had, known = len(door.guards), len(routes)
            self._decorator(door, mark, node, routes)
            if len(routes) == known:
                above += door.guards[had:]
            elif door.named == routes[-1]:  # what stands above a route is not what the route calls
                door.guards = [one for one in door.guards if not any(one is other for other in above)]
        door.routes = tuple(routes)
        for default in [*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)]:
            if isinstance(default, ast.Call) and dotted(default, self.known).rpartition(".")[2] in {
                "Depends",
                "Security",
                "Provide",
            }:
                self._ask(door, default)
        for argument in [*node.args.args, *node.args.kwonlyargs]:
            note: ast.AST | None = argument.annotation
            if isinstance(note, ast.Name) and note.id in self.known.values:
                note = self.known.values[note.id]
            if isinstance(note, ast.Subscript) and dotted(note.value, self.known).endswith("Annotated"):
                self._ask(door, note, line=argument.lineno)
            elif (
                isinstance(argument.annotation, ast.Name)
                and routes
                and re.search(r"(?i)current\w*user|admin|superuser", argument.annotation.id)
            ):
                self._ask(door, argument.annotation, line=argument.lineno)
        question = QUESTION.match(node.name) is not None
        checks = checks_of(steps_of(node.body, self.known), question=question)
        turned = question and TURNED.match(node.name) is not None
        door.guards += (
            [replace(one, formula=negated(one.formula)) for one in checks.guards] if turned else checks.guards
        )
        door.acts = checks.acts
        for one in walk(node) if self.whole and (not scope or within) else ():
            if isinstance(one, ast.Call):
                self._call(one)
        self.block([one for one in node.body if isinstance(one, Function | ast.ClassDef)], (*scope, node.name), ())

    def _decorator(self, door: Door, one: ast.expr, node: Function, routes: list[str]) -> None:
        name = dotted(one, self.known)
        receiver, _, short = name.rpartition(".")
        if short in {"before_request", "before_app_request", "middleware"} and receiver:
            holder = self.door(f"<{receiver}>", f"`{receiver}`", one.lineno, holder=True)
            if names.asks(node.name) or self.known.guards(node.name):
                holder.guards.append(Guard(formula=names.of_guard(node.name), line=one.lineno))
            return
        if isinstance(one, ast.Call):
            first = (
                one.args[0].value
                if one.args and isinstance(one.args[0], ast.Constant) and isinstance(one.args[0].value, str)
                else None
            )
            methods = next((ast.unparse(word.value) for word in one.keywords if word.arg == "methods"), "")
            route = route_of(name, first, ["handler"], methods)
            registers = (
                short in {"view_config", "action", "api_view", "route", "expose", "api_route", "Controller"}
                or route is not None
            )
            if route is not None:
                shown = route[0] if route[1] == "any method" else f"{route[1]} {route[0]}"
                routes.append(shown)
                door.named = shown
                door.within = (*door.within, f"<{receiver}>")
            elif short == "route" and one.args:
                routes.append(f"{ast.unparse(one.args[0])}")
                door.named = routes[-1]
                door.within = (*door.within, f"<{receiver}>")
            elif registers:
                routes.append(f"@{short} {node.name}")
            if registers:
                self._words(door, one)
                return
        elif short in {"expose", "action"}:
            routes.append(f"@{short} {node.name}")
            return
        self._ask(door, one)

    def _words(self, door: Door, call: ast.Call) -> None:
        """What the words given to a route, a router or an application ask for."""
        for word in call.keywords:
            if word.arg not in GUARD_WORDS:
                continue
            value = word.value
            if isinstance(value, ast.Constant) and value.value in (False, None, "none", "public"):
                if value.value is not None:
                    door.openers.setdefault(f"{word.arg}={value.value!r}", value.lineno)
            elif isinstance(value, ast.Constant) and value.value is True:
                door.guards.append(Guard(formula=f"guard {word.arg}", line=value.lineno))
            elif word.arg == "authentication_classes":
                if not texts(value, self.known):
                    door.openers.setdefault(f"{word.arg}=[]", value.lineno)
            else:
                certain = word.arg not in {"dependencies", "middleware"}
                self._ask(door, value, certain=certain, line=value.lineno)

    def _class(self, node: ast.ClassDef, scope: tuple[str, ...], within: tuple[str, ...]) -> None:
        full = ".".join((*scope, node.name))
        door = self.door(f"class {full}", f"`{full}`", node.lineno, holder=True, within=within)
        for one in node.decorator_list:
            self._ask(door, one)
        for base in node.bases:
            if BASES.search(dotted(base, self.known).rpartition(".")[2]):
                self._ask(door, base)
        for statement in node.body:
            target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
            value = getattr(statement, "value", None)
            if isinstance(target, ast.Name) and value is not None:
                self._field(door, target.id, value)
        self.block(node.body, (*scope, node.name), (door.key,))

    def _field(self, door: Door, name: str, value: ast.expr) -> None:
        line = value.lineno
        if name == "authentication_classes" and not texts(value, self.known):
            door.openers.setdefault("authentication_classes = []", line)
        elif isinstance(value, ast.Constant) and isinstance(value.value, bool):
            if name in ASKING_FIELDS and value.value:
                door.guards.append(Guard(formula=f"guard {name}", line=line))
            elif names.opens(name) and value.value:
                door.openers.setdefault(f"{name} = True", line)
        elif name in ASKING_FIELDS:
            if isinstance(value, ast.Dict):
                for key, one in zip(value.keys, value.values, strict=True):
                    shown = "" if key is None else ast.unparse(key)
                    inner = self.door(f"{door.key} {name} {shown}", f"{door.named} {shown}", one.lineno)
                    self._ask(inner, one, certain=True)
                    said = ", ".join(texts(one, self.known))
                    door.guards += [Guard(formula=f"guard {name} {shown} {said}", line=one.lineno)] if said else []
            else:
                self._ask(door, value, certain=True, line=line)

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name | ast.Attribute):
                name = dotted(target, self.known)
                setting(self.door, name, node.value, self.known)
                if isinstance(node.value, ast.Call):
                    holder = self.door(f"<{name}>", f"`{name}`", node.lineno, holder=True)
                    self._words(holder, node.value)
                if isinstance(node.value, ast.Lambda) and QUESTION.match(name):
                    asked = condition(node.value.body, self.known)
                    self.door(name, f"`{name}`", node.lineno).guards.append(Guard(formula=asked, line=node.lineno))
            elif isinstance(target, ast.Subscript):
                setting(self.door, ast.unparse(target.slice).strip("'\""), node.value, self.known)
        if self.whole and not isinstance(node, ast.If | ast.For | ast.While | ast.With | ast.Try):
            for one in walk(node):
                if isinstance(one, ast.Call):
                    self._call(one)

    def _call(self, node: ast.Call) -> None:
        name = dotted(node.func, self.known)
        receiver, _, short = name.rpartition(".")
        if (
            short
            in {
                "path",
                "re_path",
                "url",
                "add_url_rule",
                "add_route",
                "add_api_route",
                "include_router",
                "add_view",
                "Route",
                "mount",
            }
            and node.args
        ):
            first = node.args[0]
            said = (
                first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ast.unparse(first)
            )
            door = self.door(
                f"{short} {said}",
                f"`{short}({said!r})`" if short.startswith("inc") else f"/{said.lstrip('^/')}",
                node.lineno,
            )
            door.routes = (door.named,)
            if receiver:
                door.within = (f"<{receiver}>",)
            self._words(door, node)
            for one in node.args[1:]:
                inner: ast.expr = one
                while (
                    isinstance(inner, ast.Call)
                    and inner.args
                    and (asked_by(inner.func, self.known) is not None or isinstance(inner.func, ast.Call))
                ):
                    self._ask(door, inner.func)
                    inner = inner.args[0]
            if len(node.args) > 1:
                viewed = dotted(node.args[-1], self.known).removesuffix(".as_view").rpartition(".")[2]
                door.within = (*door.within, viewed, f"class {viewed}")
        else:
            application_call(self.door, node, name, self.known)
