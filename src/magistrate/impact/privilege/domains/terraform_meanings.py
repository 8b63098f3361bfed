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
from functools import lru_cache
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.aws_written import only_allows
from magistrate.impact.privilege.domains.terraform import (
    CLOSE,
    CONTENT,
    DYNAMIC,
    EACH,
    ENCODED,
    ITERATOR,
    LATER,
    MAX_DEPTH,
    OPEN,
    Block,
    later,
)
from magistrate.impact.privilege.domains.terraform_parts import (
    Rest,
    Unique,
    UnsettledError,
    certain,
    exact_text,
    located,
    whole,
)
from magistrate.impact.privilege.domains.terraform_types import converted, type_text
from magistrate.impact.privilege.domains.terraform_values import MAX_STEPS, Bound, Evaluation, of_template
from magistrate.impact.privilege.domains.terraform_writing import parsed_expression

PLAIN: Final = 48
"""Letters of a value that are shown beside an open text; of a longer one the digest."""
_NAMED: Final = rx(r"(?<![\w.\"-])(local|var|module)\.([\w-]+)")
_BLOCK: Final = rx(r"(?<![\w.])(data\.)?([a-z][a-z0-9]*_\w+)\.([\w-]+)")
_OF_EACH: Final = rx(r"(?<![\w.])(?:each\.(?:key|value)|count\.index)\b")
_FILE: Final = rx(r"file\w*\(\s*\"(?:\$\{path\.\w+\}/)?([^\"$]*)")
_READS: Final = rx(r"\b(?:file\w*|templatefile|fileset)\(")
_PLACE: Final = rx(r"(\$?\$\{)([^{}]*)\}")
_INSIDE: Final = rx(r"\$\{((?:var|local)\.[\w-]+)\}")
_ALONE: Final = rx(r"file\(\"[^\"]*\"\)")
_POLICY: Final = rx(r"Statement|\\u")
MAX_VALUE: Final = 2_048
"""Letters of a value that is no policy: an ARN has no more."""
_NO_CODE: Final = (".json", ".tpl", ".tftpl", ".tmpl")
"""Endings of files that an expression may read whose name is open."""
_KNOWN: Final = rx(r"^(?:var\.[\w-]+:=|one of |a key of )| where | which is made of itself")
"""A text that says all that it depends on already."""
_WORD: Final = rx(r"[\w./:@ *-]*")
_LOOKED_UP: Final = frozenset(
    {"aws_iam_policy_document", "aws_iam_role", "aws_iam_user", "aws_iam_group", "aws_iam_instance_profile"}
    | {"template_file", "google_iam_policy"}
)
"""Data of which the readers look at the block itself, where a value is a reference to it and nothing else."""


class Family(dict[str, Any]):
    """A block that stands for any number of blocks, one for each of what `of` names; what differs is open in it.

    `text` says all that they depend on.
    """

    __slots__ = ("of", "text")

    def __init__(self, body: Mapping[str, Any], *, of: str, text: str) -> None:
        super().__init__({**body, DYNAMIC: text})
        self.of = of
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """Where a text stands: its module, the folder of its file, and what `each` and `count` are there."""

    folder: str
    beside: str
    bound: tuple[tuple[str, object], ...] = ()
    """What `each`, and the iterators of dynamic blocks around it, are there."""
    many: str = ""

    def within(self, name: str, each: object) -> At:
        """The place inside of a block that is made for each of several."""
        return replace(self, bound=(*(one for one in self.bound if one[0] != name), (name, each)))


@dataclass(slots=True)
class Meanings:
    """Every name with its value and the place where that stands."""

    files: Mapping[str, str]
    known: dict[tuple[str, str], tuple[object, At]] = field(default_factory=dict)
    blocks: dict[tuple[str, str, str], list[Block]] = field(default_factory=dict)
    outputs: dict[tuple[str, str], dict[str, tuple[object, At]]] = field(default_factory=dict)
    """What calls that are followed hand out."""
    seals: dict[tuple[str, str], str] = field(default_factory=dict)
    variables: dict[tuple[str, str], Block] = field(default_factory=dict)
    """Of calls that are followed: what is given to them becomes what their types make of it."""
    values: dict[tuple[str, str], object] = field(default_factory=dict)
    steps: int = 0

    def filled(self, value: Any, at: At, depth: int = 0) -> Any:  # noqa: ANN401 - JSON
        """A value with whatever can be told in its place."""
        if depth > MAX_DEPTH:
            return later("too deep")
        if isinstance(value, dict):
            if EACH in value:
                return {DYNAMIC: self._meant(value[DYNAMIC][1:-1], at, depth)}
            found = {name: self.filled(one, at, depth + 1) for name, one in value.items()}
            return json.dumps(found[ENCODED], sort_keys=True, ensure_ascii=False) if set(found) == {ENCODED} else found
        if isinstance(value, list):
            return [filled for one in value for filled in self._each_filled(one, at, depth + 1)]
        return self._text(value, at, depth) if isinstance(value, str) and OPEN in value else value

    def _text(self, value: str, at: At, depth: int) -> Any:  # noqa: ANN401 - JSON
        whole = LATER.fullmatch(value)
        if whole is not None:
            return self._meant(whole.group(1).strip(), at, depth)

        def put(one: re.Match[str]) -> str:
            meant = self._meant(one.group(1).strip(), at, depth)
            if isinstance(meant, bool | int):
                return json.dumps(meant)
            return meant if isinstance(meant, str) else later(self._told(one.group(1).strip(), at))

        return LATER.sub(put, value)

    def _each_filled(self, value: Any, at: At, depth: int) -> Iterator[Any]:  # noqa: ANN401 - JSON
        """A value, or the blocks that a dynamic one stands for; those that nothing counts stand for many of their kind."""
        if not isinstance(value, dict) or EACH not in value:
            yield self.filled(value, at, depth)
            return
        many, name = self.filled(value[EACH], at, depth), value[ITERATOR]
        if isinstance(many, Mapping) and not any(OPEN in str(key) for key in many):
            entries = [(key, one) for key, one in many.items()]
        elif isinstance(many, list):
            entries = [(one if isinstance(many, Unique) else number, one) for number, one in enumerate(many)]
        else:
            entries = [("", Rest(many))] if whole(many) else [("", Rest(self._meant(value[DYNAMIC][1:-1], at, depth)))]
        for key, one in entries:
            if isinstance(one, Rest):
                each = {"key": f"{OPEN}a key of {one[1:-1]}{CLOSE}", "value": f"{OPEN}one of {one[1:-1]}{CLOSE}"}
                inside = self.filled(value[CONTENT], at.within(name, each), depth + 1)
                yield Family(inside, of=one[1:-1], text=self.filled(value, at, depth)[DYNAMIC])
            else:
                yield self.filled(value[CONTENT], at.within(name, {"key": key, "value": one}), depth + 1)

    def _meant(self, text: str, at: At, depth: int) -> Any:  # noqa: ANN401 - JSON
        """What an expression is: its value as far as the tree tells it, else its text with what it depends on."""
        if _KNOWN.search(text):
            return later(text)
        node = parsed_expression(text)
        here = _Here(self, at, depth)
        if node is None:
            return here.untold(text, dict(at.bound))
        return Evaluation(here, dict(at.bound)).value(node)

    def named(self, text: str, at: At, depth: int) -> Any:  # noqa: ANN401 - JSON
        """What a name of a local or a variable is, where it is known; its text with what it depends on, else."""
        found = self.known.get((at.folder, text))
        if found is None:
            told = later(self._told(text, at))
            return located(told, at.folder) if _BLOCK.match(text) is not None else told
        value, there = found
        if isinstance(value, str) and value.startswith(f"{OPEN}var.") and ":=" in value:
            return value
        key = at.folder, text
        if key not in self.values:
            self.values[key] = later(f"{text}, which is made of itself")
            self.values[key] = self._typed(key, self.filled(value, there, depth + 3), there)
        return self.values[key]

    def _typed(self, key: tuple[str, str], value: Any, at: At) -> Any:  # noqa: ANN401 - JSON
        """A value as the variable has it that it is given to; as one that nothing tells, where its type cannot be followed."""
        variable = self.variables.get(key)
        if variable is None:
            return value
        text = type_text(variable.body.get("type"))
        try:
            value = converted(value, text, _Here(self, at_of(variable), 0))
        except UnsettledError:
            value = later(f"{key[1]} given {short(exact_text([value, text]), 0)}")
        if variable.body.get("nullable") is not False or "default" not in variable.body:
            return value
        default = variable.body["default"]
        if value is None:
            return self._typed(key, default, at) if default is not None else None
        if whole(value):
            return later(f"{value[1:-1]} or {short(default)}")
        return value

    def of_file(self, name: str, given: list[Any], at: At) -> str:
        """The text of a file that is at hand, as it stands or as a template.

        Raises:
            UnsettledError: it is not, or nothing tells what becomes of it.
        """
        if name not in {"file", "templatefile"} or not given or not isinstance(given[0], str):
            raise UnsettledError
        start = f"{OPEN}path.module{CLOSE}/"
        path = certain(given[0].removeprefix(start))
        if path == given[0] and (at.folder != at.beside or path.startswith("/")):
            raise UnsettledError
        content = self.files.get(posixpath.normpath(posixpath.join(at.beside, path)))
        if content is None:
            raise UnsettledError
        content = content.replace(OPEN, "").replace(CLOSE, "")
        if name == "file":
            return content
        if len(given) != 2 or not isinstance(given[1], dict):  # noqa: PLR2004 - a path and values
            raise UnsettledError
        told = filled_in(content, given[1])
        return of_template(content, given[1], _Here(self, at, 0)) if told is None else told

    def untold(self, text: str, bound: Mapping[str, object], at: At, depth: int) -> str:
        """An expression as it is written, with the values of what it names."""
        text = self._plainer(text, at, depth) if _READS.search(text) else text
        told = self._told(text, at)
        names = {
            name: short(exact_text(value))
            for name, value in bound.items()
            if re.search(rf"(?<![\w.-]){re.escape(name)}\b", text)
        }
        if not names:
            return later(told)
        sign = ", " if " where " in told else " where "
        return later(told + sign + ", ".join(f"{name}={value}" for name, value in sorted(names.items())))

    def _told(self, text: str, at: At) -> str:
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

    def _seal(self, name: str, at: At) -> str:
        """A name's value in short; empty where nothing is known of it."""
        key = at.folder, name
        if key not in self.seals:
            self.seals[key] = "itself"
            self.seals[key] = self._sealed(name, at)
        return self.seals[key]

    def _sealed(self, name: str, at: At) -> str:
        if name.startswith("data."):
            _, type_, label = name.split(".", 2)
            found = [one for one in self.blocks.get((at.folder, type_, label), ()) if one.body]
            return short([self.filled(dict(one.body), at_of(one)) for one in found]) if found else ""
        if name.startswith("module."):
            called = self.blocks.get((at.folder, "", name.partition(".")[2]), [])
            told: list[object] = [self.filled(dict(one.body), at_of(one)) for one in called]
            handed = self.outputs.get((at.folder, name), {})
            told += [{key: self.filled(value, there) for key, (value, there) in handed.items()}] if handed else []
            return short(told) if told else ""
        known = self.known.get((at.folder, name))
        return "" if known is None else short(self.filled(known[0], known[1]))

    def _read(self, text: str, at: At) -> Iterator[tuple[str, str]]:
        """The files that an expression reads: those that begin like what is plain of the name, else all that are no code."""
        for start in _FILE.findall(text) or [""]:
            for root in dict.fromkeys((at.beside, "")):
                begin = posixpath.normpath(posixpath.join(root, start)) if start else ""
                begin = "" if begin == "." else begin.removeprefix("../")
                yield (
                    f"files {begin or 'that are no code'}",
                    self._files(begin, alone=_ALONE.fullmatch(text) is not None),
                )

    def _files(self, begin: str, *, alone: bool) -> str:
        """The files in short; of those that an expression reads and does nothing with, what may be a policy or one value.

        A policy that only allows is told by itself, with a holder of its own: whoever it is given to gets no more by it.
        """
        key = f"files {alone}", begin
        if key not in self.seals:
            found = {path: text for path, text in self.files.items() if path.startswith(begin)}
            if not begin:
                found = {path: text for path, text in found.items() if path.endswith(_NO_CODE)}
            if alone:
                found = {path: text for path, text in found.items() if len(text) <= MAX_VALUE or _POLICY.search(text)}
                found = {path: text for path, text in found.items() if not only_allows(path, text)}
            self.seals[key] = short(found, plain=0) if found else ""
        return self.seals[key]

    def _plainer(self, text: str, at: At, depth: int) -> str:
        """An expression with the names inside its texts in their place, where their value is a plain text."""

        def put(one: re.Match[str]) -> str:
            meant = self._meant(one.group(1), at, depth + 10) if (at.folder, one.group(1)) in self.known else None
            return meant if isinstance(meant, str) and _WORD.fullmatch(meant) else one.group()

        return _INSIDE.sub(put, text) if "${" in text and depth < MAX_DEPTH else text


@dataclass(frozen=True, slots=True)
class _Here:
    """One place, as `Evaluation` asks of it."""

    meanings: Meanings
    at: At
    depth: int

    def named(self, text: str) -> Any:  # noqa: ANN401 - JSON
        """See `Asked`."""
        return later("path.module") if text == "path.module" else self.meanings.named(text, self.at, self.depth)

    def untold(self, text: str, bound: Bound) -> str:
        """See `Asked`."""
        return self.meanings.untold(text, bound, self.at, self.depth)

    def of_file(self, name: str, given: list[Any]) -> str:
        """See `Asked`."""
        return self.meanings.of_file(name, given, self.at)

    def knows(self, text: str) -> bool:
        """See `Asked`."""
        return (self.at.folder, text) in self.meanings.known

    def folder(self) -> str:
        """See `Asked`."""
        return self.at.folder

    def step(self) -> None:
        """See `Asked`."""
        self.meanings.steps += 1
        if self.meanings.steps > MAX_STEPS:
            raise UnsettledError


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


def short(value: object, plain: int = PLAIN) -> str:
    """A value in short; a long one by its digest."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return text if len(text) <= plain else "#" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def at_of(block: Block, **more: Any) -> At:  # noqa: ANN401 - fields of a place
    """The place where a block stands."""
    plain = _at(block.folder, block.path)
    return At(folder=plain.folder, beside=plain.beside, **more) if more else plain


@lru_cache(maxsize=8_192)
def _at(folder: str, path: str) -> At:
    return At(folder=folder, beside=posixpath.dirname(path))
