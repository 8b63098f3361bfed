"""The blocks of Terraform as often as they are there, with their names in their place; modules at hand once for each call.

Rule kept: a block that is there only under a condition says so.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from magistrate.impact.privilege.domains.terraform import (
    CLOSE,
    DYNAMIC,
    GIVEN,
    MANY,
    MAX_BLOCKS,
    MAX_CALLS,
    OPEN,
    Block,
    later,
)
from magistrate.impact.privilege.domains.terraform_meanings import Meanings, at_of, short
from magistrate.impact.privilege.domains.terraform_overrides import merged_overrides
from magistrate.impact.privilege.domains.terraform_types import sealed, type_text

MAX_EACH: Final = 200
_MADE: Final = frozenset({"resource", "data", "module", "provider", "terraform"})
"""Kinds of blocks that readers look at; all others only give names their meaning."""
_MANY: Final = ("count", "for_each")
KEYED: Final = frozenset({"aws_iam_policy_document", "aws_iam_policy", "template_file"})
"""Kinds that are named one by one, with the key of each."""
_NEVER: Final[tuple[object, ...]] = (0, "0", [], {})


def _any(_block: Block) -> bool:
    return True


def resolved(
    found: list[Block],
    files: Mapping[str, str] | None = None,
    spread: frozenset[str] = frozenset(),
    wanted: Callable[[Block], bool] = _any,
) -> list[Block]:
    """Resources, data and calls with their names in their place, those of modules at hand once for each call.

    In a call a variable is what is given, else its default, for nobody else can set it. A block that is
    never there is left out; the types of `spread` are told once for each entry of a `for_each` that is plain. Only those that
    are `wanted` are given.
    """
    meanings = Meanings(files or {})
    blocks, calls = _called(merged_overrides(found), meanings)
    for block in blocks:
        if block.kind in {"data", "module"}:
            meanings.blocks.setdefault((block.folder, block.type, block.name), []).append(block)
        elif block.kind == "locals":
            meanings.known.update(
                {(block.folder, f"local.{name}"): (one, at_of(block)) for name, one in block.body.items()}
            )
    given = [block for block in found if block.kind == GIVEN]
    for block in blocks:
        if block.kind == "variable" and (block.folder, f"var.{block.name}") not in meanings.known:
            meanings.known[block.folder, f"var.{block.name}"] = _variable(block, given), at_of(block)
    return [
        one
        for block in blocks
        if block.kind in _MADE and wanted(block)
        for one in _each(block, calls, meanings, spread)
    ]


def _variable(block: Block, given: list[Block]) -> str:
    """A variable by its name, its default, and what files of values make of it."""
    default = json.dumps(block.body.get("default"), sort_keys=True) if "default" in block.body else "none"
    values = {one.path: one.body[block.name] for one in given if block.name in one.body}
    return later(
        f"var.{block.name}:={default}"
        + (f" or {short(values)}" if values else "")
        + sealed(type_text(block.body.get("type")))
    )


def _called(found: list[Block], meanings: Meanings) -> tuple[list[Block], dict[str, tuple[Block, ...]]]:
    """The blocks of called modules beside all others, and for each scope the calls that lead to it; a call that is followed goes."""
    by_folder: dict[str, list[Block]] = {}
    for block in found:
        by_folder.setdefault(block.folder, []).append(block)
    kept: list[Block] = []
    calls: dict[str, tuple[Block, ...]] = {}
    line = [(block, 0) for block in found if block.kind != GIVEN]
    for block, depth in line:
        source = block.body.get("source")
        inside = (
            by_folder.get(beside(block.path, source)) if block.kind == "module" and isinstance(source, str) else None
        )
        if not inside or depth >= MAX_CALLS or len(line) > MAX_BLOCKS:
            kept.append(block)
            continue
        scope = f"{block.folder}#{block.name}"
        calls[scope] = (*calls.get(block.folder, ()), block)
        many = short({name: block.body[name] for name in _MANY if name in block.body})
        for one in inside:
            if one.kind == GIVEN:
                continue
            inner = _inside(one, scope)
            line.append((inner, depth + 1))
            if one.kind == "output":
                _output(block, inner, meanings, many)
            if one.kind == "variable":
                if one.name in block.body:
                    meant = block.body[one.name], at_of(block, many=many)
                else:
                    meant = one.body.get("default", later(f"var.{one.name}:=none")), at_of(inner)
                meanings.known[scope, f"var.{one.name}"] = meant
                meanings.variables[scope, f"var.{one.name}"] = inner
    return kept, calls


def _inside(one: Block, scope: str) -> Block:
    """A block of a module as one call has it; `replace` takes three times as long."""
    return Block(
        kind=one.kind, type=one.type, name=one.name, body=one.body, path=one.path, line=one.line, scope=scope, built=one.built
    )  # fmt: skip


def _output(call: Block, output: Block, meanings: Meanings, many: str) -> None:
    """What a call hands out: by its name where there is one of it, and for all that is named of the call in any other way."""
    name, meant = f"module.{call.name}", (output.body.get("value"), at_of(output))
    meanings.outputs.setdefault((call.folder, name), {})[output.name] = meant
    if many == "{}":
        meanings.known[call.folder, f"{name}.{output.name}"] = meant


def beside(path: str, source: str) -> str:
    """The folder that a call names, as far as it names one of this tree."""
    if not source.startswith("."):
        return "no folder"
    found = posixpath.normpath(posixpath.join(path.rpartition("/")[0], source))
    return "" if found == "." else found


def _each(
    block: Block, calls: Mapping[str, tuple[Block, ...]], meanings: Meanings, spread: frozenset[str]
) -> Iterator[Block]:
    """A block as often as it is told, with the conditions under which it is there; never where it never is."""
    body = dict(block.body)
    built: dict[str, None] = {}
    for one in (*calls.get(block.folder, ()), block) if block.kind != "module" else calls.get(block.folder, ()):
        for name in _MANY:
            many = meanings.filled(one.body[name], at_of(one)) if name in one.body else None
            if name in one.body and many in _NEVER and not isinstance(many, bool):
                return
            if isinstance(many, str) and OPEN in many:
                built[many.replace(OPEN, "").replace(CLOSE, "")] = None
    many = meanings.filled(body["for_each"], at_of(block)) if "for_each" in body else None
    entries = _entries(many) if block.type in spread or block.type in KEYED else None
    if entries is None:
        text = short(meanings.filled({name: body[name] for name in _MANY if name in body}, at_of(block)))
        places = [("", at_of(block, many="" if text == "{}" else text))]
    else:
        places = [(key, at_of(block, bound=(("each", {"key": key, "value": value}),))) for key, value in entries]
    if block.kind != "module":
        body = {name: value for name, value in body.items() if name not in _MANY}
        if entries is None and "for_each" in block.body:
            body[MANY] = "each"
    for key, at in places:
        name = f'{block.name}["{key}"]' if entries is not None and block.type in KEYED else block.name
        yield replace(block, name=name, body=meanings.filled(body, at), built=tuple(built))


def _entries(many: object) -> list[tuple[str, object]] | None:
    """The entries of a `for_each` that is written out; None for any other."""
    if isinstance(many, list) and all(isinstance(one, str) and OPEN not in one for one in many):
        found: list[tuple[str, object]] = [(one, one) for one in many]
    elif isinstance(many, Mapping) and all(OPEN not in str(key) for key in many) and DYNAMIC not in many:
        found = [(str(key), value) for key, value in many.items()]
    else:
        return None
    return found if len(found) <= MAX_EACH else None
