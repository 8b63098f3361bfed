"""JavaScript and TypeScript: settings, properties and lists that say who is let in."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from magistrate.impact.compiled import rx
from magistrate.impact.guards import names
from magistrate.impact.guards.doors import Door, Guard
from magistrate.impact.guards.javascript_conditions import (
    Known,
    asked_by,
    bare,
    given,
    line_of,
    listed,
    pairs,
    steps_of,
    string,
    text,
)
from magistrate.impact.guards.steps import checks_of

if TYPE_CHECKING:
    from tree_sitter import Node

Doors = Callable[..., Door]
ASKING: Final = rx(
    r"(?:require[sd]?|needs?|is|must)?_?(?:auth(?:enticat(?:ed|ion))?|login|admin|authRequired|authorized?)(?:_?(?:required|guard|enabled))?\Z|csrf|csrfProtection|canActivate|canLoad|canMatch|"
    r"canActivateChild|authorize|protected|private",
    re.IGNORECASE,
)
OPENING: Final = rx(
    r"(?i)(?:is_?)?public|allow_?(?:anonymous|unauthenticated|guest|all)|skip_?auth\w*|no_?auth|anonymous|disable_?(?:auth|csrf)\w*|ignore_?auth\w*|bypass_?auth\w*"
)
LISTS: Final = rx(
    r"(?i)(?:allowed_?)?(?:roles?|groups?|scopes?|permissions?|authorities|user_?types?)\Z|required_?(?:roles?|permissions?|scopes?)\Z"
)
HELD: Final = rx(
    r"(?i)roles?\Z|_roles|admins?\Z|origins?\Z|trusted|white_?list|allow_?list|(?:public|open|unprotected|anonymous|unauthenticated|exclude\w*|skip\w*|ignored?|bypass\w*|exempt\w*)_?\w*"
    r"(?:paths?|routes?|urls?|endpoints?|pages?)?\Z"
)  # fmt: skip
RULES: Final = rx(r"(?i)shield|permissions?|polic(?:y|ies)|rules|acls?|authori[sz]ation|access")
PLACES: Final = frozenset({"path", "url", "name", "route", "pathname"})
"""Properties that say where an object is reached."""
PROCEDURE: Final = rx(r"\b(\w*[pP]rocedure)\b")


def _allow(door: Door, said: list[str]) -> None:
    door.allowed = frozenset({*(door.allowed or ()), *said})


def pair(doors: Doors, name: str, held: Node, node: Node, scope: tuple[str, ...], known: Known) -> None:  # noqa: C901, PLR0912, PLR0913, PLR0917
    """One property of an object."""
    line = line_of(node)
    if name in {"path", "url", "route"} and string(held) is not None:
        door = _beside(doors, node, scope, line)
        door.routes = (door.key,)
    procedure = _procedure(held)
    if procedure is not None:
        door = doors(f"procedure {'.'.join((*scope, name))}", name, line)
        door.routes = (f"procedure {name}",)
        if not names.opens(procedure[1]):
            door.guards.append(Guard(formula=names.of_guard(procedure[1]), line=line))
        else:
            door.openers.setdefault(procedure[1], line)
    elif name == "matcher":
        door = doors("middleware matcher", "the matcher of the middleware", line)
        door.guards += [Guard(formula=f"guard matcher {one}", line=line) for one in listed(held, known)]
    elif name == "provide" and text(held) == "APP_GUARD" and (parent := node.parent) is not None:
        for other, one in pairs(parent):
            if other in {"useClass", "useExisting", "useFactory", "useValue"}:
                doors("APP_GUARD", "`APP_GUARD`", line, holder=True).guards.append(
                    Guard(formula=names.of_guard(text(one)[:80]), line=line)
                )
    elif LISTS.match(name) and held.type in {"array", "string", "identifier", "member_expression"}:
        if not names.opens(text(held).strip("'\"")):
            _beside(doors, node, scope, line).guards.append(
                Guard(formula=names.of_guard(name, listed(held, known)), line=line)
            )
    elif OPENING.fullmatch(name) and text(held) == "true":
        _beside(doors, node, scope, line).openers.setdefault(f"{name}: true", line)
    elif OPENING.fullmatch(name) and text(held) == "false":
        _beside(doors, node, scope, line).guards.append(Guard(formula=f"guard {name} is off", line=line))
    elif ASKING.fullmatch(name):
        _asking(_beside(doors, node, scope, line), name, held, known, line)
    elif any(map(_of_rules, scope)):
        asked = asked_by(held, known)
        if asked is not None:
            door = doors(f"rule {'.'.join((*scope, name))}", ".".join((*scope[-1:], name)), line)
            if asked.opens:
                door.openers.setdefault(asked.opens, line)
            elif held.type != "array" or asked.formula is not True:
                door.guards.append(Guard(formula=asked.formula, line=line))


def _beside(doors: Doors, node: Node, scope: tuple[str, ...], line: int) -> Door:
    """The door of the object that a property stands in: by the place that the object names, else by where it stands."""
    inside = () if node.parent is None else pairs(node.parent)
    said = {key: told for key, one in inside if key in PLACES and (told := string(one))}
    where = next(iter(said.values()), ".".join(scope))
    return doors(f"property {where}", where or "the file", line)


def _procedure(held: Node) -> re.Match[str] | None:
    """A call whose name says that it is a procedure."""
    if held.type != "call_expression" or held.text is None or b"rocedure" not in held.text:
        return None
    return PROCEDURE.match(text(held)[:200])


@lru_cache(maxsize=4_096)
def _of_rules(name: str) -> bool:
    return RULES.search(name) is not None


def _asking(door: Door, name: str, held: Node, known: Known, line: int) -> None:
    said = text(held)
    if said in {"false", "null", "'none'", "[]", '"none"'}:
        door.openers.setdefault(f"{name}: {said}", line)
    elif said == "true":
        door.guards.append(Guard(formula=f"guard {name}", line=line))
    elif held.type in {"array", "identifier", "string", "member_expression"}:
        asked = asked_by(held, known, certain=True)
        if asked is not None and asked.formula is not True:
            door.guards.append(Guard(formula=asked.formula, line=line))
        if asked is not None and asked.opens:
            door.openers.setdefault(asked.opens, line)


def value(doors: Doors, name: str, held: Node, scope: tuple[str, ...], known: Known) -> None:
    """What a name is given: a list of who is let in, or an attribute of a rule."""
    if (
        held.type in {"array"}  # noqa: FURB171
        and HELD.search(name)
        and all(
            one.type in {"string", "member_expression", "identifier", "regex", "template_string"}
            for one in held.named_children
        )
    ):
        _allow(doors(f"list {'.'.join((*scope, name))}", f"`{name}`", line_of(held)), listed(held, known))
    elif held.type == "new_expression" and text(held).startswith("new Set(") and HELD.search(name) and given(held):
        _allow(doors(f"list {'.'.join((*scope, name))}", f"`{name}`", line_of(held)), listed(given(held)[0], known))
    elif held.type == "call_expression" and (procedure := _procedure(held)):
        door = doors(f"procedure {'.'.join((*scope, name))}", name, line_of(held))
        if not names.opens(procedure[1]):
            door.guards.append(Guard(formula=names.of_guard(procedure[1]), line=line_of(held)))


def application_call(  # noqa: C901, PLR0912, PLR0913, PLR0917
    doors: Doors, node: Node, name: str, asked: list[Node], scope: tuple[str, ...], known: Known
) -> None:
    """A call that says something for a whole application, or leaves something out."""
    short = name.rpartition(".")[2]
    line = line_of(node)
    if short in {"cors", "enableCors", "fastifyCors"} or (
        short == "register" and asked and re.search(r"(?i)cors", text(asked[0]))
    ):
        _origins(doors("CORS", "CORS", line), asked[1:] if short == "register" else asked, line, known)
    elif short == "useGlobalGuards":
        for one in asked:
            found = asked_by(one, known, certain=True)
            if found is not None:
                doors("APP_GUARD", "`APP_GUARD`", line, holder=True).guards.append(
                    Guard(formula=found.formula, line=line)
                )
    elif short == "unless" and asked:
        door = doors(f"unless {'.'.join(scope)}", "what needs no login", line)
        for key, held in pairs(asked[0]):
            if key in {"path", "custom", "ext", "method", "url"}:
                _allow(door, listed(held, known))
    elif short == "exclude" and re.search(r"(?i)auth|guard|\.apply\(", text(node.child_by_field_name("function"))):
        _allow(
            doors("excluded", "what the middleware leaves out", line),
            [one for part in asked for one in listed(part, known)],
        )
    elif short in {"allow", "can", "define", "rule"} and len(asked) > 1 and asked[-1].type == "arrow_function":
        body = asked[-1].child_by_field_name("body")
        subject = " ".join(text(one) for one in asked[:-1] if string(one) is None and one.type == "identifier")
        for action in [each for one in asked[:-1] if one.type in {"string", "array"} for each in listed(one, known)]:
            if body is not None:
                door = doors(f"policy {subject} {action}", f"{action} of {subject}", line)
                door.guards += checks_of(steps_of(body, known), question=True).guards
    elif short == "forRoutes":
        applied = re.search(r"\.apply\(([^)]*)\)", text(node))
        if applied and re.search(r"(?i)auth|guard|jwt|login|role|permission|csrf|access", applied[1]):
            door = doors(f"middleware {applied[1]}", f"`{applied[1]}`", line)
            door.guards += [
                Guard(formula=f"guard for {one}", line=line) for part in asked for one in listed(part, known)
            ]
    elif name.endswith("auth.default") and asked:
        doors("application", "the application", line).guards.append(
            Guard(formula=f"guard auth.default({text(asked[0])})", line=line)
        )
    elif short in {"createRouteMatcher"} and asked:  # noqa: FURB171
        said = listed(asked[0], known)
        door = doors(f"matcher {'.'.join(scope)}", f"`{'.'.join(scope)}`", line)
        if re.search(r"(?i)public|open|ignore", ".".join(scope)):
            _allow(door, said)
        else:
            door.guards += [Guard(formula=f"guard matcher {one}", line=line) for one in said]


def _origins(door: Door, asked: list[Node], line: int, known: Known) -> None:
    """Which other sites may ask; a call that names none lets all of them."""
    said: list[str] = []
    options = bare(asked[0]) if asked else None
    if options is not None and options.type == "identifier" and text(options) in known.values:
        options = known.values[text(options)]
    if options is None:
        said = ["*"]
    elif options.type == "object":
        found = dict(pairs(options))
        if "origin" not in found or text(found["origin"]) == "true":
            said = ["*"]
        elif text(found["origin"]) != "false":
            said = listed(found["origin"], known)
        if text(found.get("credentials")) == "true":
            door.openers.setdefault("credentials: true", line)
    else:
        said = [text(options)]
    _allow(door, said)
