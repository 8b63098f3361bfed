"""Ansible tasks that set modes and owners, or that put users into groups.

Rule kept: what stands in a loop or a variable keeps its text; a task in another form is handed on as it stands.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.trees import documents, is_true
from magistrate.impact.privilege.model import Place

_FILES: Final = frozenset(
    [
        "file",
        "copy",
        "template",
        "assemble",
        "get_url",
        "unarchive",
        "lineinfile",
        "blockinfile",
        "replace",
        "ini_file",
        "archive",
        "htpasswd",
        "xml",
    ]
)
_SHELLS: Final = frozenset({"shell", "command", "raw", "script"})
_LISTS: Final = ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always")
_PAIR: Final = rx(r"(\w+)=(\"[^\"]*\"|'[^']*'|\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task: a path with its mode and owners, or a user with groups, or a script."""

    place: Place
    text: str
    path: str = ""
    mode: object = None
    owner: str = ""
    group: str = ""
    folder: bool = False
    below: bool = False
    user: str = ""
    groups: tuple[str, ...] = ()
    script: str = ""


def tasks_of(text: str, path: str) -> Iterator[Task]:
    """The tasks of one file.

    Raises:
        UnreadableTreeError: it is no YAML, or one that is read in different ways.
    """
    for root in documents(text):
        yield from _listed(root, path)


def _listed(value: object, path: str) -> Iterator[Task]:
    for one in value if isinstance(value, list) else []:
        if not isinstance(one, dict):
            continue
        for name in _LISTS:
            yield from _listed(one.get(name), path)
        for key, given in one.items():
            module = key.rsplit(".", 1)[-1]
            if module in _FILES or module in _SHELLS or module in {"user", "group"}:
                yield from _task(module, given, one, path)


def _arguments(given: object, task: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if isinstance(given, str):
        found = {name: value.strip("\"'") for name, value in _PAIR.findall(given)}
    elif isinstance(given, dict):
        found = dict(given)
    more = task.get("args")
    return {**found, **more} if isinstance(more, dict) else found


def _task(module: str, given: object, task: dict[str, Any], path: str) -> Iterator[Task]:
    place = Place(path=path, line=getattr(task, "line", 0))
    loops = {key: value for key, value in task.items() if key == "loop" or key.startswith("with_")}
    text = json.dumps({module: given, **loops}, sort_keys=True)
    arguments = _arguments(given, task)
    if module in _SHELLS:
        script = given if isinstance(given, str) else arguments.get("cmd")
        if isinstance(script, str):
            yield Task(place=place, text=text, script=script)
        return
    state = str(arguments.get("state") or "")
    if module == "user":
        listed = arguments.get("groups")
        groups = listed if isinstance(listed, list) else str(listed or "").split(",")
        named = tuple(sorted(str(one).strip() for one in groups if str(one).strip()))
        if named and state != "absent" and isinstance(arguments.get("name"), str):
            yield Task(place=place, text=text, user=arguments["name"], groups=named)
        return
    target = next((arguments[key] for key in ("path", "dest", "name") if isinstance(arguments.get(key), str)), "")
    if module == "group" or not target or state in {"absent", "link", "hard"}:
        return
    yield Task(
        place=place,
        text=text,
        path=target,
        mode=arguments.get("mode"),
        owner=str(arguments.get("owner") or ""),
        group=str(arguments.get("group") or ""),
        folder=state == "directory",
        below=is_true(arguments.get("recurse")),
    )
