"""Who else than a runner loads, ships, starts or lists a test: then it is more than a test.

Rule kept (R16, R20): a place named in any file that is no test counts, in the spelling of any
language (with slashes, dots or backslashes), in full or as its end; so does a program that loads
a whole folder of tests, a package that ships one, and what the same change newly brings.
"""

from __future__ import annotations

import json
import posixpath
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from magistrate.impact.base import KEPT_TEXTS, BaseTree, ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.reachability import COMMAND_FILES, readers_in
from magistrate.impact.source_readers import embedded
from magistrate.impact.testing.collection import folders_above

KEPT_MANIFESTS: Final = 256
"""Manifests of crates of which is kept what they say about their tests."""

SHIPPED: Final = ("bin", "main", "module", "browser", "exports", "imports", "types", "directories", "files")
LIFE: Final = frozenset({"preinstall", "install", "postinstall", "prepublish", "prepublishOnly", "prepare", "prepack", "postpack", "start", "build"})  # fmt: skip
"""Scripts of a package that run where it is installed, built, published or served."""
RUNS_TESTS: Final = rx(
    r"\b(?:npm|yarn|pnpm|bun)\s+(?:run\s+|-\S+\s+)*[\w:-]*test|\b(?:jest|vitest|mocha|ava|tap|borp|jasmine|uvu|karma|qunit|tape|playwright|eslint|prettier|standard)\b|--test\b"
)
"""A command that starts the runner, or looks at tests."""
LISTS: Final = rx(
    r"(?i)readdir|read_dir|listdir|iterdir|\bglob\w*\s*(?:\.\w+\s*)?[(\[]|\bdir\s*[.\[]|\bwalk\w*\s*\(|scandir|\bos\.dirfs\b|\bload_all|\bembed\w*\b"
)
LOADS: Final = rx(r"(?i)\brequire\w*\b|\bimport\w*\b|\binclude\w*\b|\bload\w*\b")
QUOTED: Final = rx(r"""(?P<quote>["'`])(?P<said>[^"'`\n]{1,200})(?P=quote)\s*(?P<more>\+?)""")
FOLDER: Final = rx(r"(?i)(?:\A|[/.])(?:tests?|specs?|__tests__)(?:[/.]|\Z)")
RUNNERS_OWN: Final = rx(
    r"(?i)(?:^|/)(?:rakefile|gruntfile\.\w+|gulpfile\.\w+|makefile|noxfile\.py|tasks\.py|[^/]*\.rake|[^/]*\.config\.[cm]?[jt]s|conftest\.py|phpunit[^/]*|"
    r"\.[^/]*|[^/]*\.(?:json|toml|ya?ml|lock|cfg|ini|xml|md|gradle|kts))\Z|(?:^|/)(?:\.[^/]+|scripts?|tools?|benchmarks?|bench|docs?)/"
)
"""Files that find tests to run, check or describe them."""
QUOTED_PLACE: Final = rx(r"[\"'`](\.{1,2}/[^\"'`\n]{1,200})[\"'`]")
LONGEST: Final = 200
NEIGHBOURS: Final = rx(r"\bimport\.meta\.glob|\brequire\.context\b")
BELOW: Final = frozenset({"test", "tests", "spec", "specs", "__tests__"})
"""Folders of tests: what stands in one is loaded by tests."""
PACKAGED: Final = rx(r"(?i)(?:^|/)(?:setup\.(?:py|cfg)|pyproject\.toml|[^/]+\.gemspec)\Z")
KNOWN_COMMANDS: Final = rx(
    r"\b(?:\w*test\w*(?=[\s:]|\Z)|jest|mocha|tap|ava|tape|rspec|phpunit|pest|black|ruff|flake8|pylint|mypy|isort|eslint|prettier|standard|rubocop|rm|ls|hashfiles|paths)\b|^\s*-\s*['\"]?[\w/*.-]+['\"]?\s*$"
)
"""What runs tests, looks at them, or lists paths for a filter."""
PROGRAM: Final = rx(r"(?i)\.(?:[cm]?[jt]sx?|vue|svelte|astro|py|go|rs|rb|php|java|kt|groovy)\Z")
ALL_PACKAGES: Final = rx(r"\bfind_packages\(\s*\)|^packages\s*=\s*find:", re.MULTILINE)


def who_loads(
    file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree, tests: frozenset[str], *, suffixed: bool
) -> str | None:
    """The first file that is no test and loads, ships or names this one, in words; None when none does.

    `tests` are the paths of the base that are tests; where a name does not say that it is one, they count too.
    """
    brought = {one.path: one.after.lower() for one in step if one.path != file.path and one.path not in tests}
    texts = {path: base.lowered[path] for path in readers_in(base) if path != file.path}
    for path, text in (*texts.items(), *brought.items()):
        found = None if suffixed and path in tests else _naming(file, path, text, suffixed=suffixed)
        if found is not None:
            return f"`{path}` line {found} names this file, which may be more than running it as a test"
    return _shipped(file, base) or _started_by_pattern(file, base) or _with_its_folder(file, base, tests)


def _naming(file: ChangedFile, where: str, text: str, *, suffixed: bool) -> int | None:
    """The line of a text that names this file: as the end of its path, or with more before it; None when none does."""
    *folders, name = file.path.lower().split("/")
    stem = name.rpartition(".")[0]
    if stem not in text:
        return None
    for quoted in QUOTED_PLACE.finditer(text):
        place = posixpath.normpath(posixpath.join(posixpath.dirname(where.lower()), quoted[1]))
        if place in {file.path.lower(), file.path.lower().rpartition(".")[0]}:
            return text.count("\n", 0, quoted.start()) + 1
    at = text.find(stem)
    while at >= 0:
        end = at + len(stem)
        around = text[max(0, at - 1) : at] + text[end : end + 1]
        if not re.search(r"[\w-]", around):
            start = at
            while (
                start > 0 and at - start < LONGEST and (text[start - 1].isalnum() or text[start - 1] in "_-./\\:<>@~")
            ):
                start -= 1
            said = [one for one in re.split(r"[./\\:<>@~]+", text[start:at]) if one]
            shared = min(len(said), len(folders))
            whole = suffixed or text[end:].startswith(name[len(stem) :])
            if (
                (shared or suffixed or _named_by_itself(text, at, name))
                and whole
                and said[len(said) - shared :] == folders[len(folders) - shared :]
            ):
                return text.count("\n", 0, at) + 1
        at = text.find(stem, at + 1)
    return None


def _named_by_itself(text: str, at: int, name: str) -> bool:
    """Whether a bare name of a file stands here in quotes."""
    return text[at : at + len(name)] == name and text[at - 1 : at] in {'"', "'", "`"}


def _shipped(file: ChangedFile, base: BaseTree) -> str | None:
    for above in folders_above(file.path):
        rest = file.path[len(above) :]
        manifest = above + "package.json"
        composer = above + "composer.json"
        unread = next((one for one in (manifest, composer) if _object(base.files.get(one, "{}")) is None), None)
        if unread is not None:
            return f"`{unread}` cannot be read, so nobody knows what is shipped"
        if manifest in base.files and (why := _by_package(rest, base.files[manifest])):
            return f"`{manifest}` {why}"
        if composer in base.files and _autoloaded(rest, base.files[composer]):
            return f"`{composer}` loads the folder with the product"
        for name in ("setup.py", "setup.cfg"):
            top = above + rest.partition("/")[0] + "/__init__.py"
            if (
                file.path.endswith(".py")
                and top in base.files
                and ALL_PACKAGES.search(base.files.get(above + name, ""))
            ):
                return f"`{above}{name}` packages every folder, this one too"
    return None


def _started_by_pattern(file: ChangedFile, base: BaseTree) -> str | None:
    """A command or a package that takes all of a folder of tests, and is not the runner."""
    place = next((part for part in file.path.split("/")[:-1] if part.lower() in BELOW), None)
    if place is None:
        return None
    pattern = re.compile(rf"(?:^|[\s/\"'=]){re.escape(place.lower())}/(?:\*\*/)?[\w.]*\*")
    packed = re.compile(rf"(?:^|\W)(?:packages|require_paths?)\b[^\n]*[\"']{re.escape(place.lower())}[\"']|^\s*[\"']{re.escape(place.lower())}[\"']\s*=", re.MULTILINE)  # fmt: skip
    for path, text in sorted(base.lowered.items()):
        if PACKAGED.search(path) and (found := packed.search(text)):
            return f"`{path}` line {text.count(chr(10), 0, found.start()) + 1} packages `{place}`"
        if COMMAND_FILES.search(path) and not path.endswith((".json", "labeler.yml", "labeler.yaml")):
            for number, line in enumerate(text.split("\n"), 1):
                if place.lower() in line and pattern.search(line) and not KNOWN_COMMANDS.search(line):
                    return f"`{path}` line {number} takes all of `{place}`, and names no runner"
    return None


def _by_package(rest: str, text: str) -> str | None:
    parts = rest.split("/")[:-1]
    at = next((depth for depth, part in enumerate(parts) if part.lower() in BELOW), None)
    if at is None:
        return None
    place = "/".join(parts[: at + 1])
    folder = re.compile(rf"(?<![\w!.-])(?:\./)?{re.escape(place)}(?![\w.-])")
    found = _object(text) or {}
    for field in SHIPPED:
        if any(folder.search(word) for word in _words(found.get(field))):
            return f"ships `{place}` (`{field}`)"
    scripts = found.get("scripts")
    for name, command in sorted(scripts.items()) if isinstance(scripts, dict) else ():
        parts = re.split(r"&&|\|\||[;|]", command) if name in LIFE and isinstance(command, str) else []
        if any(folder.search(part) and not RUNS_TESTS.search(part) for part in parts):
            return f"names `{place}` in its script `{name}`"
    return None


def _autoloaded(rest: str, text: str) -> bool:
    loaded = list(_words((_object(text) or {}).get("autoload")))
    return any(word.strip("./") == "" or rest.startswith(word.removeprefix("./").rstrip("/") + "/") for word in loaded if "/" in word or word in {"", "."})  # fmt: skip


def _with_its_folder(file: ChangedFile, base: BaseTree, tests: frozenset[str]) -> str | None:
    """A program that loads all files of a folder, this one with them."""
    below = not BELOW.isdisjoint(file.parts[:-1])
    for path, folder, text in _programs(base):
        if path == file.path or path in tests:
            continue
        if _takes_neighbours(text) and file.path.startswith(f"{folder}/" if folder else ""):
            return f"`{path}` loads its neighbours by pattern"
        if path.endswith(".go") and "go:embed" in text and embedded(text, file.name) and folder == file.path.rpartition("/")[0]:  # fmt: skip
            return f"`{path}` embeds files of a name like this"
        if below and (line := _loads_folder(text)):
            return f"`{path}` line {line} may load a folder of tests"
    return None


def _programs(base: BaseTree) -> tuple[tuple[str, str, str], ...]:
    """Programs of the base that are no runner's own and stand in no folder of tests: path, folder, text; found once for a base."""
    kept = base.looked_up.get("programs beside tests")
    if not isinstance(kept, tuple):
        paths = (path for path in readers_in(base) if not RUNNERS_OWN.search(path) and PROGRAM.search(path))
        placed = ((path, path.rpartition("/")[0]) for path in paths)
        beside = [(path, folder) for path, folder in placed if BELOW.isdisjoint(folder.lower().split("/"))]
        kept = tuple((path, folder, base.lowered[path]) for path, folder in beside)
        base.looked_up["programs beside tests"] = kept
    return kept


@lru_cache(maxsize=KEPT_TEXTS)
def _takes_neighbours(text: str) -> bool:
    return ("import.meta" in text or "require.context" in text) and NEIGHBOURS.search(text) is not None


@lru_cache(maxsize=KEPT_TEXTS)
def _loads_folder(text: str) -> int | None:
    """The line of a program that lists a folder of tests, or loads a place in one that is put together."""
    if text.isascii() and "test" not in text and "spec" not in text:
        return None
    for found in QUOTED.finditer(text):
        if not FOLDER.search(found["said"]):
            continue
        start, end = text.rfind("\n", 0, found.start()) + 1, text.find("\n", found.end())
        line = text[start : end if end >= 0 else len(text)]
        put_together = bool(found["more"]) or "${" in found["said"]
        if LISTS.search(line) or (put_together and LOADS.search(line)):
            return text.count("\n", 0, start) + 1
    return None


def left_out_by_cargo(manifest: str, stem: str) -> bool:
    """Whether a crate says that files below `tests/` are no tests of the usual kind."""
    left_out = _left_out(manifest)
    return left_out is None or stem in left_out


@lru_cache(maxsize=KEPT_MANIFESTS)
def _left_out(manifest: str) -> frozenset[str] | None:
    """The tests that a crate runs otherwise or not at all, by name; None where that may be all of them."""
    try:
        found: Mapping[str, Any] = tomllib.loads(manifest)
    except tomllib.TOMLDecodeError:
        return None
    package = found.get("package", {})
    if not isinstance(package, dict) or package.get("autotests") is False:
        return None
    listed = found.get("test", [])
    own = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    names = (one.get("name") for one in own if one.get("harness") is False or one.get("test") is False)
    return frozenset(name for name in names if isinstance(name, str))


def _object(text: str) -> dict[str, Any] | None:
    """A manifest as its tool reads it; None where it is no object, or is not read here (a byte order mark, comments)."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _words(node: object) -> Iterator[str]:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
