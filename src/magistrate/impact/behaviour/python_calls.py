"""What calls of Python say: settings given by name, routes, options of a command line, columns, statuses, ends."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from magistrate.impact.behaviour.facts import Fact, Kind, named_kind
from magistrate.impact.behaviour.routes import route_of
from magistrate.impact.compiled import rx

ENDS: Final = frozenset({"sys.exit", "exit", "quit", "os._exit", "os.abort", "abort", "flask.abort", "ctx.exit"})
STATUSES: Final = frozenset({"status", "status_code", "returncode", "exit_code"})
ENVIRONMENT: Final = rx(r"(?:os\.)?(?:environ\.get|getenv)\Z|\benv(?:\.\w+)?\Z|\bconfig\.get\Z|\bconfig\Z")
OPTION: Final = rx(r"(?:^|\.)(?:add_argument|option|Option|Argument|argument)\Z")
MIGRATION: Final = rx(
    r"(?:^|\.)(?:op|batch_op|migrations)\.(add_column|drop_column|alter_column|create_table|drop_table|rename_table|create_index|"
    r"drop_index|create_unique_constraint|drop_constraint|create_foreign_key|execute|AddField|RemoveField|AlterField|RenameField|"
    r"CreateModel|DeleteModel|RenameModel|AddIndex|RemoveIndex|AddConstraint|RemoveConstraint|RunSQL|RunPython)\Z"
)
SWITCH: Final = rx(
    r"(?i)(?:is_?enabled|feature_?enabled|flag_?enabled|is_active|flag_is_active|has_feature|variation|is_on)\Z"
)
LONG: Final = 2_000


def text_of(node: ast.AST | None) -> str:
    """A node in one spelling; cut where it is long."""
    if node is None:
        return ""
    if isinstance(node, ast.Name):
        return node.id
    try:
        return ast.unparse(node)[:LONG]
    except (ValueError, RecursionError, AttributeError):
        return type(node).__name__


def called(node: ast.AST | None) -> str:
    """The dotted name of what is called; empty for anything else."""
    if not isinstance(node, ast.Call):
        return ""
    return dotted(node.func)


def dotted(node: ast.expr) -> str:
    """`a.b.c` for names and attributes; for others the last attribute only."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "…" if parts else "")
    return ".".join(reversed(parts))


def facts_of_call(call: ast.Call, where: str, within: str) -> list[Fact]:
    """Everything that one call says by itself; `where` is put behind the name of what it says."""
    return [
        Fact(kind=kind, what=what, value=value, line=call.lineno, within=within, lone=lone)
        for kind, what, value, lone in _said(call, where)
    ]


def _said(call: ast.Call, where: str) -> Iterator[tuple[Kind, str, str, bool]]:
    name = called(call)
    if not name:
        return
    short = name.rpartition(".")[2]
    first = call.args[0] if call.args else None
    text = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
    yield from _route(call, name, text)
    if name in ENDS:
        yield Kind.EXIT, f"`{name}`{where}", f"{name}({', '.join(text_of(arg) for arg in call.args)})", True
    if MIGRATION.search(name):
        yield Kind.SCHEMA, f"`{name}`{where}", text_of(call), True
    if OPTION.search(name) and text is not None and text.startswith("-"):
        yield from _option(call, text)
        return
    if ENVIRONMENT.search(name) and text is not None and len(call.args) > 1:
        yield Kind.DEFAULT, f"default of `{text}` from `{name}`{where}", text_of(call.args[1]), True
    if SWITCH.search(short) and text is not None:
        yield Kind.FLAG, f"flag `{text}` asked{where}", name, True
    yield from _given(call, short, where)


def _given(call: ast.Call, short: str, where: str) -> Iterator[tuple[Kind, str, str, bool]]:
    """What is given by name: statuses, limits, switches."""
    for keyword in call.keywords:
        if keyword.arg is None:
            continue
        value = text_of(keyword.value)
        if keyword.arg in STATUSES:
            yield Kind.EXIT, f"`{keyword.arg}` of `{short}`{where}", value, True
            continue
        kind = named_kind(keyword.arg, value)
        if kind is not Kind.DEFAULT or keyword.arg == "default":
            yield kind, f"`{keyword.arg}` of `{short}`{where}", value, kind is Kind.LIMIT or _switch(keyword.value)


def _switch(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, bool)


def _route(call: ast.Call, name: str, text: str | None) -> Iterator[tuple[Kind, str, str, bool]]:
    given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    rest = [text_of(arg) for arg in call.args[1:]] or [text_of(value) for value in given.values()]
    decorating = not rest and name.rpartition(".")[2] in {"get", "post", "put", "delete", "patch", "head", "options"}
    found = route_of(name, text, rest or (["…"] if decorating else []), text_of(given.get("methods")))
    if found is not None:
        yield Kind.ROUTE, f"`{found[0]}`", found[1], True
    elif name in {"Route", "Mount", "WebSocketRoute"} and text is not None:
        yield Kind.ROUTE, f"`{text}`", text_of(given.get("methods")) or "any method", True
    elif name.endswith(("include_router", "APIRouter", "Blueprint", "register_blueprint")):
        prefix = given.get("prefix") or given.get("url_prefix")
        if prefix is not None:
            yield Kind.ROUTE, f"prefix of `{name}({text_of(call.args[0]) if call.args else ''})`", text_of(prefix), True


def _option(call: ast.Call, text: str) -> Iterator[tuple[Kind, str, str, bool]]:
    """An option of a command line: its names and how it is read, and its default."""
    names = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    shown = next((name for name in names if name.startswith("--")), text)
    given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    if "default" in given:
        value = text_of(given["default"])
        yield named_kind(shown, value), f"default of the option `{shown}`", value, False
    kept = [f"{name}={text_of(value)}" for name, value in given.items() if name not in {"default", "help", "metavar"}]
    yield Kind.SIGNATURE, f"option `{shown}`", ", ".join([*map(str, names), *kept]), True
