"""What names mean in Terraform: locals, variables, arguments of calls, `each`, and how often a block is there.

What can be told is put in its place. What cannot stays as its own text, with all that it depends on
beside it (`concat(local.a, var.b) where local.a=..., var.b=...`): values of locals, defaults, files of
values, policy documents, files that are read. So a change of what stands elsewhere is a change here.

Rule kept: a text that stays the same means the same; a block that is there only under a condition says so.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from magistrate.impact.privilege.domains.terraform import (
    CLOSE,
    DYNAMIC,
    ENCODED,
    GIVEN,
    LATER,
    MAX_BLOCKS,
    MAX_CALLS,
    MAX_DEPTH,
    OPEN,
    Block,
    UnreadableError,
    expression,
    later,
)

PLAIN: Final = 48
"""Letters of a value that are shown beside an open text; of a longer one the digest."""
MAX_EACH: Final = 200
_NAMED: Final = re.compile(r"(?<![\w.\"-])(local|var|module)\.([\w-]+)")
_BLOCK: Final = re.compile(r"(?<![\w.])(data\.)?([a-z][a-z0-9]*_\w+)\.([\w-]+)")
_OF_EACH: Final = re.compile(r"(?<![\w.])(?:each\.(?:key|value)|count\.index)\b")
_FILE: Final = re.compile(r"file\w*\(\s*\"(?:\$\{path\.\w+\}/)?([^\"$]*)")
_READS: Final = re.compile(r"\b(?:file\w*|templatefile|fileset)\(")
_READ_WHOLE: Final = re.compile(
    r"(file|templatefile)\(\s*\"(?:\$\{path\.module\}/|\./)?([^\"]+)\"\s*(?:,\s*(\{.*\})\s*)?\)"
)
_PLACE: Final = re.compile(r"(\$?\$\{)([^{}]*)\}")
_INSIDE: Final = re.compile(r"\$\{((?:var|local)\.[\w-]+)\}")
_NO_CODE: Final = (".json", ".tpl", ".tftpl", ".tmpl")
"""Endings of files that an expression may read whose name is open."""
_WORD: Final = re.compile(r"[\w./:@ *-]*")
_MADE: Final = frozenset({"resource", "data", "module"})
"""Kinds of blocks that readers look at; all others only give names their meaning."""
_MANY: Final = ("count", "for_each")
_NEVER: Final[tuple[object, ...]] = (0, "0", [], {})
_LOOKED_UP: Final = frozenset(
    {"aws_iam_policy_document", "aws_iam_role", "aws_iam_user", "aws_iam_group", "aws_iam_instance_profile"}
    | {"template_file"}
)
"""Data of which the readers look at the block itself, where a value is a reference to it and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _At:
    """Where a text stands: its module, the folder of its file, and what `each` and `count` are there."""

    folder: str
    beside: str
    each: tuple[str, object] | None = None
    many: str = ""


@dataclass(slots=True)
class _Meanings:
    """Every name with its value and the place where that stands."""

    files: Mapping[str, str]
    known: dict[tuple[str, str], tuple[object, _At]] = field(default_factory=dict)
    blocks: dict[tuple[str, str, str], list[Block]] = field(default_factory=dict)
    seals: dict[tuple[str, str], str] = field(default_factory=dict)

    def filled(self, value: Any, at: _At, depth: int = 0) -> Any:  # noqa: ANN401 - JSON
        """A value with whatever can be told in its place."""
        if depth > MAX_DEPTH:
            return later("too deep")
        if isinstance(value, dict):
            found = {name: self.filled(one, at, depth + 1) for name, one in value.items()}
            return json.dumps(found[ENCODED], sort_keys=True, ensure_ascii=False) if set(found) == {ENCODED} else found
        if isinstance(value, list):
            return [self.filled(one, at, depth + 1) for one in value]
        if not isinstance(value, str) or OPEN not in value:
            return value
        whole = LATER.fullmatch(value)
        if whole is not None:
            return self._meant(whole.group(1).strip(), at, depth)

        def put(one: re.Match[str]) -> str:
            meant = self._meant(one.group(1).strip(), at, depth)
            if isinstance(meant, bool | int):
                return json.dumps(meant)
            return meant if isinstance(meant, str) else later(self._told(one.group(1).strip(), at))

        return LATER.sub(put, value)

    def _meant(self, text: str, at: _At, depth: int) -> Any:  # noqa: ANN401 - JSON
        """What an expression is: the value of a name, else its text with what it depends on."""
        if at.each is not None:
            if text in {"each.key", "each.value"}:
                return at.each[text == "each.value"]
            text = _with_each(text, at.each)
        found = self.known.get((at.folder, text))
        if found is None:
            text = self._plainer(text, at, depth) if _READS.search(text) else text
            told = self._of_file(text, at, depth)
            return later(self._told(text, at)) if told is None else told
        value, there = found
        if isinstance(value, str) and value.startswith(f"{OPEN}var."):
            return value
        return self.filled(value, there, depth + 10)

    def _of_file(self, text: str, at: _At, depth: int) -> str | None:
        """The text of a file that an expression reads whole, or fills in with plain values; None for any other."""
        found = _READ_WHOLE.fullmatch(text)
        if found is None or "${" in found.group(2):
            return None
        path = posixpath.normpath(posixpath.join(at.beside, found.group(2)))
        content = self.files.get(path)
        if content is None:
            return None
        content = content.replace(OPEN, "").replace(CLOSE, "")
        if found.group(1) == "file":
            return content
        try:
            values = self.filled(expression(found.group(3) or "{}"), at, depth + 1)
        except UnreadableError:
            return None
        return filled_in(content, values) if isinstance(values, Mapping) else None

    def _told(self, text: str, at: _At) -> str:
        if " where " in text or ":=" in text:
            return text
        beside: dict[str, str] = {}
        for kind, name in _NAMED.findall(text):
            beside[f"{kind}.{name}"] = self._seal(f"{kind}.{name}", at)
        for data, type_, name in _BLOCK.findall(text):
            if data and not (type_ in _LOOKED_UP and _whole(text)):
                beside[f"data.{type_}.{name}"] = self._seal(f"data.{type_}.{name}", at)
        if at.many and _OF_EACH.search(text):
            beside["each"] = at.many
        if _READS.search(text):
            beside |= dict(self._read(text, at))
        told = ", ".join(f"{name}={value}" for name, value in sorted(beside.items()) if value)
        return f"{text} where {told}" if told else text

    def _seal(self, name: str, at: _At) -> str:
        """A name's value in short; empty where nothing is known of it."""
        key = at.folder, name
        if key not in self.seals:
            self.seals[key] = "itself"
            self.seals[key] = self._sealed(name, at)
        return self.seals[key]

    def _sealed(self, name: str, at: _At) -> str:
        if name.startswith("data."):
            _, type_, label = name.split(".", 2)
            found = [one for one in self.blocks.get((at.folder, type_, label), ()) if one.body]
            return _short([self.filled(dict(one.body), _at(one)) for one in found]) if found else ""
        if name.startswith("module."):
            called = self.blocks.get((at.folder, "", name.partition(".")[2]), [])
            return _short([self.filled(dict(one.body), _at(one)) for one in called]) if called else ""
        known = self.known.get((at.folder, name))
        return "" if known is None else _short(self.filled(known[0], known[1]))

    def _read(self, text: str, at: _At) -> Iterator[tuple[str, str]]:
        """The files that an expression reads: those that begin like what is plain of the name, else all that are no code."""
        for start in _FILE.findall(text) or [""]:
            for root in dict.fromkeys((at.beside, "")):
                begin = posixpath.normpath(posixpath.join(root, start)) if start else ""
                begin = "" if begin == "." else begin.removeprefix("../")
                yield f"files {begin or 'that are no code'}", self._files(begin)

    def _files(self, begin: str) -> str:
        key = "files", begin
        if key not in self.seals:
            found = {path: text for path, text in self.files.items() if path.startswith(begin)}
            if not begin:
                found = {path: text for path, text in found.items() if path.endswith(_NO_CODE)}
            self.seals[key] = _short(found, plain=0) if found else ""
        return self.seals[key]

    def _plainer(self, text: str, at: _At, depth: int) -> str:
        """An expression with the names inside its texts in their place, where their value is a plain text."""

        def put(one: re.Match[str]) -> str:
            meant = self._meant(one.group(1), at, depth + 10) if (at.folder, one.group(1)) in self.known else None
            return meant if isinstance(meant, str) and _WORD.fullmatch(meant) else one.group()

        return _INSIDE.sub(put, text) if "${" in text and depth < MAX_DEPTH else text


def filled_in(template: str, values: Mapping[str, object]) -> str | None:
    """A template with plain values in their places; None for one that does more than to name them."""
    if "%{" in template:
        return None
    parts: list[str] = []
    at = 0
    for found in _PLACE.finditer(template):
        value = values.get(found.group(2).strip()) if found.group(1) == "${" else None
        if found.group(1) == "${" and not isinstance(value, str | int):
            return None
        parts += (template[at : found.start()], found.group()[1:] if value is None else _plain(value))
        at = found.end()
    return "".join((*parts, template[at:]))


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _whole(text: str) -> bool:
    """Whether a text is one reference to a block and nothing else: what it names is looked up by who reads it."""
    return re.fullmatch(r"(?:data\.)?\w+\.[\w-]+(?:\[[^\[\]]*\])?\.\w+(?:\[\d+\])?", text) is not None


def _with_each(text: str, each: tuple[str, object]) -> str:
    for name, value in zip(("key", "value"), each, strict=True):
        if isinstance(value, str) and _WORD.fullmatch(value):
            text = re.sub(rf"(?<![\w.])each\.{name}\b(?![\w.\[])", json.dumps(value), text)
        elif isinstance(value, Mapping):
            for inner, one in value.items():
                if isinstance(one, str) and _WORD.fullmatch(one):
                    text = re.sub(
                        rf"(?<![\w.])each\.{name}\.{re.escape(str(inner))}\b(?![\w.\[])", json.dumps(one), text
                    )
    return text


def _short(value: object, plain: int = PLAIN) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return text if len(text) <= plain else "#" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _at(block: Block, **more: Any) -> _At:  # noqa: ANN401 - fields of a place
    return _At(folder=block.folder, beside=posixpath.dirname(block.path), **more)


def resolved(
    found: list[Block], files: Mapping[str, str] | None = None, spread: frozenset[str] = frozenset()
) -> list[Block]:
    """Resources, data and calls with their names in their place, those of modules at hand once for each call.

    In a call a variable is what is given, else its default, for nobody else can set it. A block that is
    never there is left out; the types of `spread` are told once for each entry of a `for_each` that is plain.
    """
    meanings = _Meanings(files or {})
    blocks, calls = _called(found, meanings)
    for block in blocks:
        if block.kind in {"data", "module"}:
            meanings.blocks.setdefault((block.folder, block.type, block.name), []).append(block)
        elif block.kind == "locals":
            meanings.known.update(
                {(block.folder, f"local.{name}"): (one, _at(block)) for name, one in block.body.items()}
            )
    given = [block for block in found if block.kind == GIVEN]
    for block in blocks:
        if block.kind == "variable" and (block.folder, f"var.{block.name}") not in meanings.known:
            meanings.known[block.folder, f"var.{block.name}"] = _variable(block, given), _at(block)
    return [one for block in blocks if block.kind in _MADE for one in _each(block, calls, meanings, spread)]


def _variable(block: Block, given: list[Block]) -> str:
    """A variable by its name, its default, and what files of values make of it."""
    default = json.dumps(block.body.get("default"), sort_keys=True) if "default" in block.body else "none"
    values = {one.path: one.body[block.name] for one in given if block.name in one.body}
    return later(f"var.{block.name}:={default}" + (f" or {_short(values)}" if values else ""))


def _called(found: list[Block], meanings: _Meanings) -> tuple[list[Block], dict[str, tuple[Block, ...]]]:
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
            by_folder.get(_beside(block.path, source)) if block.kind == "module" and isinstance(source, str) else None
        )
        if not inside or depth >= MAX_CALLS or len(line) > MAX_BLOCKS:
            kept.append(block)
            continue
        scope = f"{block.folder}#{block.name}"
        calls[scope] = (*calls.get(block.folder, ()), block)
        many = _short({name: block.body[name] for name in _MANY if name in block.body})
        for one in inside:
            if one.kind == GIVEN:
                continue
            inner = replace(one, scope=scope)
            line.append((inner, depth + 1))
            if one.kind == "variable":
                if one.name in block.body:
                    meant = block.body[one.name], _at(block, many=many)
                else:
                    meant = one.body.get("default", later(f"var.{one.name}")), _at(inner)
                meanings.known[scope, f"var.{one.name}"] = meant
    return kept, calls


def _beside(path: str, source: str) -> str:
    """The folder that a call names, as far as it names one of this tree."""
    if not source.startswith("."):
        return "no folder"
    found = posixpath.normpath(posixpath.join(path.rpartition("/")[0], source))
    return "" if found == "." else found


def _each(
    block: Block, calls: Mapping[str, tuple[Block, ...]], meanings: _Meanings, spread: frozenset[str]
) -> Iterator[Block]:
    """A block as often as it is told, with the conditions under which it is there; never where it never is."""
    body = dict(block.body)
    built: dict[str, None] = {}
    for one in (*calls.get(block.folder, ()), block) if block.kind != "module" else calls.get(block.folder, ()):
        for name in _MANY:
            many = meanings.filled(one.body[name], _at(one)) if name in one.body else None
            if name in one.body and many in _NEVER and not isinstance(many, bool):
                return
            if isinstance(many, str) and OPEN in many:
                built[many.replace(OPEN, "").replace(CLOSE, "")] = None
    many = meanings.filled(body["for_each"], _at(block)) if "for_each" in body else None
    entries = _entries(many) if block.type in spread else None
    if entries is None:
        text = _short(meanings.filled({name: body[name] for name in _MANY if name in body}, _at(block)))
        places = [("", _at(block, many="" if text == "{}" else text))]
    else:
        places = [(key, _at(block, each=(key, value))) for key, value in entries]
    if block.kind != "module":
        body = {name: value for name, value in body.items() if name not in _MANY}
    for _key, at in places:
        yield replace(block, body=meanings.filled(body, at), built=tuple(built))


def _entries(many: object) -> list[tuple[str, object]] | None:
    """The entries of a `for_each` that is written out; None for any other."""
    if isinstance(many, list) and all(isinstance(one, str) and OPEN not in one for one in many):
        found: list[tuple[str, object]] = [(one, one) for one in many]
    elif isinstance(many, Mapping) and all(OPEN not in str(key) for key in many) and DYNAMIC not in many:
        found = [(str(key), value) for key, value in many.items()]
    else:
        return None
    return found if len(found) <= MAX_EACH else None
