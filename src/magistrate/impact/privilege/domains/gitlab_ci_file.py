"""A GitLab pipeline as it comes together: files that are included, jobs that extend others, defaults.

Follows the "CI/CD YAML syntax reference": includes are merged in order under the file that names them,
mappings name by name and lists as a whole; `extends` likewise, the extending job over the extended; YAML
merge keys and `!reference` are followed.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.ci_yaml import (
    Tagged,
    Text,
    UnreadableError,
    documents,
    line_of,
    listed,
    mapping,
    shown,
)
from magistrate.impact.privilege.model import Place

ENTRY: Final = ".gitlab-ci.yml"
MAX_INCLUDES: Final = 150
MAX_EXTENDS: Final = 11
MAX_FOLLOWED: Final = 200_000
"""Values that are looked at while one pipeline is put together: each reference may lead to ten others."""
DEFAULTS: Final = (
    "after_script", "artifacts", "before_script", "cache", "hooks", "id_tokens", "image", "services", "tags",
)  # fmt: skip
RESERVED: Final = frozenset(
    {
        "default",
        "include",
        "stages",
        "variables",
        "workflow",
        "image",
        "services",
        "cache",
        "before_script",
        "after_script",
        "spec",
        "types",
    }
)
_COMMIT: Final = rx(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(slots=True)
class Pipeline:
    """One pipeline: its merged body, foreign parts by owner (`foreign`) or pinned (`pinned`), and what was not understood."""

    path: str
    body: dict[str, Any] = field(default_factory=dict)
    foreign: dict[str, Place] = field(default_factory=dict)
    pinned: dict[str, Place] = field(default_factory=dict)
    odd: list[tuple[str, str, Place]] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    where: dict[str, Place] = field(default_factory=dict)
    """The place at which each job stands last."""
    followed: int = 0

    def _enough(self, more: int = 1) -> bool:
        """Count what is looked at more; true where it is too much, which is said once."""
        before, self.followed = self.followed, self.followed + more
        if before < MAX_FOLLOWED <= self.followed:
            why = "a pipeline in which one thing leads to more others than can be followed"
            self.odd.append((why, f"{self.path} {shown(self.body)}", Place(path=self.path)))
        return self.followed >= MAX_FOLLOWED

    def jobs(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The jobs that run, complete with what they extend and the defaults."""
        for name, job in self.body.items():
            if name in RESERVED or name.startswith("."):
                continue
            if isinstance(job, dict):
                yield name, self._complete(name, job)
            else:
                self.odd.append(
                    ("a job that is no mapping", f"{name}: {shown(job)}", Place(path=self.path, line=line_of(name)))
                )

    def _complete(self, name: str, job: dict[str, Any]) -> dict[str, Any]:
        whole = self._extended(name, job, 0)
        usual = {key: self.body[key] for key in DEFAULTS if key in self.body} | mapping(self.body.get("default"))
        inherit = mapping(whole.get("inherit")).get("default")
        for key, value in usual.items():
            left_out = (isinstance(inherit, Text) and inherit == "false") or (
                isinstance(inherit, list) and key not in inherit
            )
            if key in DEFAULTS and key not in whole and not left_out:
                whole[key] = value
        return {key: self._followed(value, 0) for key, value in whole.items()}

    def _followed(self, value: Any, depth: int) -> Any:  # noqa: ANN401 - whatever stands there
        """A value with every `!reference` in it followed; a list that one names goes into the list around it."""
        if depth >= MAX_EXTENDS or self._enough():
            return value
        if isinstance(value, Tagged):
            target: Any = self.body
            for key in value:
                target = target.get(shown(key)) if isinstance(target, dict) else None
            if value.tag != "!reference" or target is None:
                why, said = "a tag that is not understood", f"{value.tag} {shown(list(value))}"
                self.odd.append((why, said, Place(path=self.path)))
                return value
            return self._followed(target, depth + 1)
        if isinstance(value, dict):
            return {key: self._followed(one, depth + 1) for key, one in value.items()}
        if isinstance(value, list):
            made: list[Any] = []
            for one in value:
                followed = self._followed(one, depth + 1)
                spliced = isinstance(one, Tagged) and isinstance(followed, list) and not isinstance(followed, Tagged)
                made += followed if spliced else [followed]
            return made
        return value

    def _extended(self, name: str, job: dict[str, Any], depth: int) -> dict[str, Any]:
        whole: dict[str, Any] = {}
        for one in listed(job.get("extends")):
            base = self.body.get(shown(one))
            if self._enough(1 + (len(base) if isinstance(base, dict) else 0)):
                break
            if isinstance(base, dict) and depth < MAX_EXTENDS:
                whole = over(whole, self._extended(shown(one), base, depth + 1))
            else:
                place = Place(path=self.path, line=line_of(one))
                self.odd.append(("a job extends one that is not here", f"{name} extends {shown(one)}", place))
        return over(whole, job)

    def flat(self, value: object, depth: int = 0) -> list[Any]:
        """A list with lists inside it and `!reference` followed."""
        if isinstance(value, Tagged):
            return self._referenced(value, depth)
        found: list[Any] = []
        for one in listed(value):
            found += self.flat(one, depth + 1) if isinstance(one, list) and depth < MAX_EXTENDS else [one]
        return found

    def _referenced(self, value: Tagged, depth: int) -> list[Any]:
        if self._enough():
            return []
        target: Any = self.body
        for key in value:
            target = target.get(shown(key)) if isinstance(target, dict) else None
        if value.tag != "!reference" or target is None or depth >= MAX_EXTENDS:
            self.odd.append(
                ("a tag that is not understood", f"{value.tag} {shown(list(value))}", Place(path=self.path))
            )
            return []
        return self.flat(target, depth + 1)


def over(under: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """Two mappings as one: names of the upper win, mappings go on inside, lists are replaced."""
    merged = dict(under)
    for key, value in upper.items():
        had = merged.get(key)
        merged[key] = over(had, value) if isinstance(had, dict) and isinstance(value, dict) else value
    return merged


def pipeline(path: str, files: Mapping[str, str]) -> Pipeline:
    """The pipeline that begins at one file."""
    found = Pipeline(path=path)
    found.body = _loaded(path, files, found)
    return found


def _loaded(path: str, files: Mapping[str, str], found: Pipeline) -> dict[str, Any]:
    if path in found.read or len(found.read) >= MAX_INCLUDES:
        return {}
    found.read.add(path)
    try:
        every = documents(files[path], merge=True)
    except UnreadableError as error:
        why = f"a pipeline file that cannot be read: {error}"
        found.odd.append((why, f"{path} {' '.join(files[path].split())}", Place(path=path)))
        return {}
    if len(every) > 1 and not (isinstance(every[0], dict) and "spec" in every[0]):
        found.odd.append(("a pipeline file of several documents", f"{path} {shown(every)}", Place(path=path)))
    if len(every) > 1 and "$[[" in files[path]:
        why = "a pipeline file whose inputs decide over its jobs"
        found.odd.append((why, f"{path} {shown(every[0])}", Place(path=path)))
    own = every[-1] if every else {}
    if not isinstance(own, dict):
        if not (isinstance(own, Text) and own.empty):
            found.odd.append(("a pipeline file that is no mapping", f"{path} {shown(own)}", Place(path=path)))
        return {}
    merged: dict[str, Any] = {}
    for one in listed(own.get("include")):
        for inside in _included(one, path, files, found):
            merged = over(merged, inside)
    found.where.update({str(name): Place(path=path, line=line_of(name)) for name in own})
    return over(merged, own)


def _included(one: object, path: str, files: Mapping[str, str], found: Pipeline) -> Iterator[dict[str, Any]]:
    entry = (
        {"local": one}
        if isinstance(one, Text) and "://" not in one
        else {"remote": one}
        if isinstance(one, Text)
        else mapping(one)
    )
    place = Place(path=path, line=line_of(one))
    if "inputs" in entry or "rules" in entry:
        found.pinned[f"include {shown(entry)}"] = place
    if "local" in entry:
        yield from _local(shown(entry["local"]).lstrip("/"), files, found, place)
    elif "project" in entry:
        named = ",".join(sorted(shown(each) for each in listed(entry.get("file"))))
        _foreign(f"project {shown(entry['project']).lower()}", named, shown(entry.get("ref", "")), found, place)
    elif "component" in entry:
        name, _, version = shown(entry["component"]).rpartition("@")
        _foreign(f"component {name.lower()}", "", version, found, place)
    elif "remote" in entry:
        _foreign(f"remote {shown(entry['remote'])}", "", shown(entry.get("integrity", "")), found, place)
    elif "template" in entry:
        found.pinned[f"template {shown(entry['template'])}"] = place
    else:
        found.odd.append(("an include that is not understood", shown(one), place))


def _local(pattern: str, files: Mapping[str, str], found: Pipeline, place: Place) -> Iterator[dict[str, Any]]:
    if "*" in pattern:
        names = [name for name in sorted(files) if fnmatchcase(name, pattern) and name.endswith((".yml", ".yaml"))]
    else:
        names = [one for one in (posixpath.normpath(pattern),) if one in files]
    if not names:
        found.odd.append(("an include that is not here", pattern, place))
    for name in names:
        yield _loaded(name, files, found)


def _foreign(name: str, part: str, version: str, found: Pipeline, place: Place) -> None:
    known = f"include {name} {part}".strip()
    if _COMMIT.fullmatch(version) or version.startswith("sha256-"):
        found.pinned[f"{known}@{version}"] = place
        return
    found.foreign[f"owner-of:{name}"] = place
    found.pinned[f"{known}@*"] = place
