"""What a kustomization is rendered from: every file it reaches in the tree, and why it cannot be rendered.

Follows the Kustomization file reference (v5). Rule kept: a field that is not in the lists below, an
entry that is not in the tree and an entry from elsewhere make it impossible to render; the files that
were found until then still count as reached by it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.ci_yaml import Text, UnreadableError, documents, listed, mapping
from magistrate.impact.privilege.rendering.trees import LOST, State, plain_target

NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
MAX_FILES: Final = 400
MAX_TEXT: Final = 4_000_000
"""Characters of all files of one kustomization."""
MAX_DEPTH: Final = 24
INLINE: Final = frozenset(
    {"apiVersion", "kind", "metadata", "namespace", "namePrefix", "nameSuffix", "commonLabels", "labels"}
    | {"commonAnnotations", "images", "replicas", "generatorOptions", "buildMetadata", "sortOptions"}
)
"""Fields that name no file and give no value of one object to another."""
ENTRIES: Final = ("resources", "bases", "components")
LAYERS: Final = ("patches", "patchesStrategicMerge", "patchesJson6902", "replacements", "configurations", "crds")
"""Lists of texts, or of paths, of what changes objects."""
GENERATORS: Final = ("configMapGenerator", "secretGenerator")
SPREADING: Final = frozenset({"vars", "replacements"})
"""Fields that carry a value from one object, a generated one too, into another."""
KNOWN: Final = INLINE | SPREADING | {*ENTRIES, *LAYERS, *GENERATORS, "openapi"}
PATHS: Final = rx(r"[\w./@+-]{1,300}")
MAX_WORDS: Final = 2_000
REMOTE: Final = rx(r"://|::|[?&](?:ref|version)=|^git@|^[\w.-]+\.(?:com|org|net|io|dev)[/:]", re.IGNORECASE)


@dataclass(kw_only=True)
class Closure:
    """What a kustomization reaches. `inert`: files that only fill a generated ConfigMap or Secret.

    `moves`: it does something to objects of others that the sources alone do not show. `problems`: why
    it cannot be rendered.
    """

    files: set[str] = field(default_factory=set)
    filling: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    moves: bool = False
    spreads: bool = False

    @property
    def telling(self) -> frozenset[str]:
        """The files whose change may give somebody something."""
        return frozenset(self.files | self.filling if self.spreads else self.files)


def file_in(state: State, folder: str) -> str | None:
    """The kustomization of a folder; None where there is none."""
    found = [path for name in NAMES if (path := posixpath.join(folder, name)) in state.texts]
    return found[0] if found else None


def folders_of(state: State) -> list[str]:
    """Every folder with a kustomization that can be rendered by itself."""
    found = state.kept.get("kustomizations")
    if not isinstance(found, list):
        paths = [path for path in state.texts if posixpath.basename(path) in NAMES]
        found = state.kept["kustomizations"] = sorted(
            {posixpath.dirname(path) for path in paths if _root(state.texts[path])[0].get("kind") != "Component"}
        )
    return found


def closure_of(state: State, folder: str) -> Closure:
    """Everything that the kustomization of a folder reaches in this state."""
    key = f"kustomization {folder}"
    found = state.kept.get(key)
    if not isinstance(found, Closure):
        found = state.kept[key] = Closure()
        _walk(state, folder, found, ())
        _bounded(state, found)
    return found


@lru_cache(maxsize=1_024)
def _root(text: str) -> tuple[Mapping[str, Any], str]:
    """The one document of a kustomization, or an empty one and why it cannot be read."""
    try:
        read = documents(text, merge=True)
    except UnreadableError as error:
        return {}, str(error)
    if len(read) > 1:
        return {}, "it has several documents"
    return (mapping(read[0]) if read else {}), ""


def _bounded(state: State, found: Closure) -> None:
    paths = found.files | found.filling
    if len(paths) > MAX_FILES or sum(len(state.texts[path]) for path in paths) > MAX_TEXT:
        found.problems.append(f"it reaches more than {MAX_FILES} files or {MAX_TEXT // 1_000_000} MB")
    lossy = sorted(path for path in paths if LOST in state.texts[path])
    found.problems += [f"`{path}` is not UTF-8" for path in lossy[:1]]


def _walk(state: State, folder: str, found: Closure, above: tuple[str, ...]) -> None:
    path = file_in(state, folder)
    if path is None:
        return
    if folder in above or len(above) >= MAX_DEPTH or len(found.files) > MAX_FILES:
        found.problems.append("it includes itself, or too much")
        return
    others = [posixpath.join(folder, name) for name in NAMES]
    if sum(other in state.texts or other in state.links or other in state.opaque for other in others) > 1:
        found.problems.append(f"`{folder or '.'}` has two kustomizations")
    found.files.add(path)
    root = _fields(state, path, found)
    for key in ENTRIES:
        for entry in listed(root.get(key)):
            _entry(state, folder, entry, found, (*above, folder))
    for entry in _named(root):
        if ":" not in entry or plain_target(folder, entry) in state.texts:  # else it is the patch itself
            _file(state, folder, entry, found.files, found)
    for entry in _filling(root):
        _file(state, folder, entry, found.filling, found)
    for value in (root[key] for key in sorted(map(str, root.keys() - KNOWN))):
        found.files |= set(_possible(state, folder, value))


def _fields(state: State, path: str, found: Closure) -> Mapping[str, Any]:
    """The fields of a kustomization, with what they say of whether it can be rendered."""
    root, why = _root(state.texts[path])
    if why:
        found.problems.append(f"`{path}`: {why}")
        found.moves = found.spreads = True
        found.files |= _worded(state, path)
    for key in sorted(map(str, root.keys() - KNOWN)):
        found.problems.append(f"`{path}` has `{key[:60]}`, which is not rendered here")
        found.moves = True
    found.moves |= any(root.get(name) for name in (*LAYERS, "vars", "components", "openapi"))
    found.spreads |= any(root.get(name) for name in SPREADING) or bool(root.keys() - KNOWN)
    return root


def _entry(state: State, folder: str, entry: object, found: Closure, above: tuple[str, ...]) -> None:
    if not isinstance(entry, Text):
        found.problems.append("an entry that is no path")
        return
    path = _unlinked(state, plain_target(folder, str(entry)), found)
    if REMOTE.search(entry) is not None and path not in state.texts:
        found.problems.append(f"`{entry[:80]}` comes from elsewhere")
        found.moves = True
    elif path is None:
        found.problems.append(f"`{entry[:80]}` is outside of the tree")
        found.moves = True
    elif path in state.texts:
        found.files.add(path)
    elif file_in(state, path) is not None:
        _walk(state, path, found, above)
    else:
        found.problems.append(f"`{path[:80]}` is no text and no kustomization of the tree")
        found.moves = True


def _unlinked(state: State, path: str | None, found: Closure) -> str | None:
    """What stands behind a path; a link on the way is not laid out, so then nothing is rendered."""
    real = None if path is None else state.real(path)
    if path is not None and real != path:
        found.problems.append(f"`{path[:80]}` is reached through a symbolic link")
        found.moves = True
    return real


def _named(root: Mapping[str, Any]) -> Iterator[Text]:
    """Paths of files that lie over objects."""
    for key in LAYERS:
        for entry in listed(root.get(key)):
            target = entry.get("path") if isinstance(entry, dict) else entry
            if isinstance(target, Text) and not target.empty and "\n" not in target:
                yield target
    target = mapping(root.get("openapi")).get("path")
    if isinstance(target, Text):
        yield target


def _filling(root: Mapping[str, Any]) -> Iterator[Text]:
    for key in GENERATORS:
        for one in listed(root.get(key)):
            given = mapping(one)
            for entry in (*listed(given.get("files")), *listed(given.get("envs")), *listed(given.get("env"))):
                if isinstance(entry, Text):
                    yield Text.of(entry.partition("=")[2] or str(entry), line=entry.line)


def _file(state: State, folder: str, entry: Text, into: set[str], found: Closure) -> None:
    path = _unlinked(state, plain_target(folder, str(entry)), found)
    if path is not None and path in state.texts:
        into.add(path)
    else:
        found.problems.append(f"`{str(entry)[:80]}` is no text of the tree")


def _worded(state: State, path: str) -> set[str]:
    """What a kustomization that cannot be read may reach: what lies beside and below it, and what its words name."""
    folder = posixpath.dirname(path)
    targets = {plain_target(folder, word) for word in PATHS.findall(state.texts[path])[:MAX_WORDS]}
    return {other for target in targets if target is not None for other in state.below(target)} | set(
        state.below(folder)
    )


def _possible(state: State, folder: str, value: object) -> Iterator[str]:
    """Files of the tree that a field names which is not rendered: they count as reached all the same."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, Text) and (path := plain_target(folder, str(one))) is not None:
            if path in state.texts:
                yield path
            elif path and len(path) > 1:
                yield from (other for other in state.folders.get(path, ()))
