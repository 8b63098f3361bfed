"""The assess contract, reading side: one case as JSON becomes steps of file changes.

Keys that are not named are ignored; everything that is named has one shape or is refused.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from magistrate.domain.impact import FileChange
from magistrate.errors import Usage
from magistrate.impact.base import BaseTree, sha256_hex
from magistrate.impact.earlier import earlier_of
from magistrate.wire.canonical import digest_of

MAX_FILES: Final = 20_000
MAX_STEPS: Final = 1_000
DEFAULT_MODE: Final = "100644"
MODES: Final = frozenset({"100644", "100755", "120000", "160000", "040000", "100664"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A change to judge: one step, or a chain of them, with what is known of the base."""

    id: str
    steps: tuple[tuple[FileChange, ...], ...]
    base: BaseTree

    @property
    def digest(self) -> str:
        """`sha256:` over paths, modes and content digests of every step; nothing else."""
        return digest_of({"v": 1, "steps": [[_named(change) for change in step] for step in self.steps]})


def parse_case(value: object, texts: Mapping[str, str] | None = None) -> Case:
    """Read a case; only where `texts` are given a context may name some of them (`named`).

    Raises:
        Usage: MAG-E250 naming the part that has another shape.
    """
    case = _mapping(value, "the case")
    steps: list[tuple[FileChange, ...]] = []
    files = _files(case, "files")
    raw_steps = case.get("steps")
    if raw_steps is None:
        raw_steps = []
    if not isinstance(raw_steps, list) or len(raw_steps) > MAX_STEPS:
        raise Usage("MAG-E250", f"`steps` is not a list of at most {MAX_STEPS} steps")
    if files or not raw_steps:
        steps.append(files)
    for number, step in enumerate(raw_steps, 1):
        holder = {"files": step} if isinstance(step, list) else _mapping(step, f"step {number}")
        steps.append(_files(holder, f"step {number}"))
    return Case(id=_identity(case), steps=tuple(steps), base=_base(case.get("context"), steps, texts))


def _identity(case: Mapping[str, Any]) -> str:
    found = case.get("id", "")
    if not isinstance(found, str | int) or isinstance(found, bool):
        raise Usage("MAG-E250", "`id` is not a text")
    return str(found)


def _base(context: object, steps: Sequence[Sequence[FileChange]], known: Mapping[str, str] | None) -> BaseTree:
    """Other files of the base and the old sides of the changed ones: a file of the change may read another.

    Facts of the history speak of one change as a whole, so a chain of steps has none.
    """
    if context is None:
        return BaseTree()
    holder = _mapping(context, "`context`")
    earlier = earlier_of(holder.get("earlier"))
    links, opaque = holder.get("links") or {}, holder.get("opaque") or []
    if not isinstance(opaque, list) or not all(isinstance(one, str) for one in opaque):
        raise Usage("MAG-E250", "`context.opaque` is not a list of paths")
    targets = {path: str(target) for path, target in _mapping(links, "`context.links`").items()}
    tree = _tree(holder, steps, known)
    return replace(tree, earlier=earlier if len(steps) == 1 else None, links=targets, opaque=frozenset(opaque))


def _tree(
    holder: Mapping[str, Any], steps: Sequence[Sequence[FileChange]], known: Mapping[str, str] | None
) -> BaseTree:
    files = holder.get("files")
    if files is None and known is not None:
        return _named_base(holder, steps, known)
    if files is None:
        return BaseTree()
    texts = {path: _context_text(path, text) for path, text in _mapping(files, "`context.files`").items()}
    return _with_old_sides(texts, steps, complete=holder.get("complete", True) is True)


def _named_base(holder: Mapping[str, Any], steps: Sequence[Sequence[FileChange]], known: Mapping[str, str]) -> BaseTree:
    named = holder.get("named")
    if named is None:
        return BaseTree()
    listed = _mapping(named, "`context.named`")
    found = {path: known.get(name) if isinstance(name, str) else None for path, name in listed.items()}
    texts = {path: text for path, text in found.items() if text is not None}
    return _with_old_sides(texts, steps, complete=holder.get("complete") is True and len(texts) == len(found))


def _with_old_sides(texts: dict[str, str], steps: Sequence[Sequence[FileChange]], *, complete: bool) -> BaseTree:
    first = {change.path: change.before for step in reversed(steps) for change in step}
    for path, before in first.items():
        if before is not None:
            texts.setdefault(path, before.decode("utf-8", "replace"))
    return BaseTree(files=texts, known=complete)


def _context_text(path: str, text: object) -> str:
    content = _content(text, path)
    return "" if content is None else content.decode("utf-8", "replace")


def _files(holder: Mapping[str, Any], where: str) -> tuple[FileChange, ...]:
    entries = holder.get("files")
    if entries is None:
        entries = []
    if not isinstance(entries, list) or len(entries) > MAX_FILES:
        raise Usage("MAG-E250", f"`files` of {where} is not a list of at most {MAX_FILES} files")
    found = [change for entry in entries for change in _entry(_mapping(entry, f"a file of {where}"))]
    if _is_paths(holder.get("before")) or _is_paths(holder.get("after")):
        found += _pair(holder.get("before"), holder.get("after"), holder)
    paths = [change.path for change in found]
    if len(set(paths)) != len(paths):
        twice = next(path for path in paths if paths.count(path) > 1)
        raise Usage("MAG-E250", f"{where} names `{twice[:80]}` twice")
    return tuple(sorted(found, key=lambda change: change.path))


def _entry(entry: Mapping[str, Any]) -> Iterator[FileChange]:
    before, after = entry.get("before"), entry.get("after")
    if _is_paths(before) or _is_paths(after):
        yield from _pair(before, after, entry)
        return
    path = entry.get("path")
    if not isinstance(path, str):
        raise Usage("MAG-E250", "a file has no `path`")
    if "before" not in entry and "after" not in entry:
        raise Usage("MAG-E250", f"`{path[:80]}` has neither `before` nor `after`")
    yield _change(path, before, after, entry)


def _pair(before: object, after: object, entry: Mapping[str, Any]) -> Iterator[FileChange]:
    old, new = _mapping(before or {}, "`before`"), _mapping(after or {}, "`after`")
    for path in sorted({*old, *new}):
        if old.get(path) != new.get(path):
            yield _change(path, old.get(path), new.get(path), entry)


def _change(path: str, before: object, after: object, entry: Mapping[str, Any]) -> FileChange:
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise Usage("MAG-E250", "a path has half a character (lone surrogate)") from error
    old, new = _content(before, path), _content(after, path)
    return FileChange(
        path=path,
        before=old,
        after=new,
        mode_before=None if old is None else _mode(entry, "mode_before", path),
        mode_after=None if new is None else _mode(entry, "mode_after", path),
    )


def _mode(entry: Mapping[str, Any], key: str, path: str) -> str:
    found = entry.get(key)
    if found is None:
        return DEFAULT_MODE
    if not isinstance(found, str) or found not in MODES:
        raise Usage("MAG-E250", f"`{key}` of `{path[:80]}` is not a git mode")
    return found


def _content(value: object, path: str) -> bytes | None:
    if value is None:
        return None
    try:
        if isinstance(value, str):
            return value.encode()
        if isinstance(value, dict) and set(value) == {"base64"} and isinstance(value["base64"], str):
            return base64.b64decode(value["base64"], validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError) as error:
        raise Usage("MAG-E250", f"the content of `{path[:80]}` cannot be decoded") from error
    raise Usage("MAG-E250", f"the content of `{path[:80]}` is neither text, base64 nor null")


def _is_paths(value: object) -> bool:
    return isinstance(value, dict) and set(value) != {"base64"}


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Usage("MAG-E250", f"{where} is not an object")
    return value


def _named(change: FileChange) -> list[str | None]:
    old = None if change.before is None else sha256_hex(change.before)
    new = None if change.after is None else sha256_hex(change.after)
    return [change.path, change.mode_before, old, change.mode_after, new]
