"""Whether a file is a test by its role in the base tree: collected by the runner, and by nothing else.

Rule kept (R16, R20): a name is one premise. The configuration of the base must collect the file
from its folder, tests must already be there, no package that is shipped may hold it, and no other
file of the base may import or name it. What the base does not say is not assumed.
"""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.equality import read_as_bytes
from magistrate.impact.reachability import readers_in

NAMES: Final = ("test_*.py", "*_test.py")
"""What pytest collects without being told otherwise."""
CONFIGS: Final = ("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "pyproject.toml", "tox.ini", "setup.cfg")
NOT_ENTERED: Final = ("*.egg", ".*", "_darcs", "build", "cvs", "dist", "node_modules", "venv", "{arch}")
TEST_FOLDER: Final = rx(r"(?:unit|integration|functional)?_?tests?\Z|testing\Z")
RUNNER: Final = rx(r"\bpytest\b|\bpy\.test\b|\bunittest\b")
SPEAKS_OF_RUNNER: Final = rx(
    r"(?i)(?:^|/)(?:pyproject\.toml|setup\.(?:cfg|py)|tox\.ini|noxfile\.py|makefile|justfile|[^/]*require[^/]*\.txt|pipfile|hatch\.toml|"
    r"pytest\.ini|\.github/workflows/[^/]+\.ya?ml|conftest\.py|uv\.lock|poetry\.lock)\Z"
)
PLAIN_KEYS: Final[Mapping[str, frozenset[str]]] = {
    "python_functions": frozenset({"test", "test_*", "test*"}),
    "python_classes": frozenset({"Test", "Test*"}),
}


def is_test_name(name: str) -> bool:
    """Whether a file name (last component) is one that runners collect by default."""
    return any(fnmatchcase(name, pattern) for pattern in NAMES)


def why_not_collected(file: ChangedFile, base: BaseTree) -> str | None:
    """Why the base does not say that this file is a test and nothing else; None when it does."""
    as_bytes = read_as_bytes(file, base)
    if as_bytes is not None:
        return as_bytes.why
    return why_no_test_role(file, base) or _by_name(file, base)


def why_no_test_role(file: ChangedFile, base: BaseTree) -> str | None:
    """Why the runner of the base does not collect this file, whoever else names it; None when it does."""
    return _by_place(file, base) or _by_configuration(file.path, base) or _by_company(file, base)


def _by_place(file: ChangedFile, base: BaseTree) -> str | None:
    folders = file.path.split("/")[:-1]
    if not is_test_name(file.path.rsplit("/", 1)[-1]):
        return "no runner collects a file of this name"
    if any(fnmatchcase(part.lower(), pattern) for part in folders for pattern in NOT_ENTERED):
        return "the runner does not enter this folder"
    at = next((depth for depth, part in enumerate(folders) if TEST_FOLDER.match(part)), len(folders))
    for depth in range(1, at + 1):
        folder = "/".join(folders[:depth])
        if any(path.rpartition("/")[0] == folder and path.endswith(".py") and path != file.path for path in base.files):
            return f"it is inside of `{folder}`, whose modules are shipped and imported"
    return None if at < len(folders) or not folders else "it is in no folder of tests"


def _by_configuration(path: str, base: BaseTree) -> str | None:
    said = False
    for where in folders_above(path):
        for name in CONFIGS:
            text = base.files.get(where + name)
            found = None if text is None else options(name, text)
            if found == {} and name not in {"pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml"}:
                continue
            if text is not None:
                if found is None or (where and said):
                    return f"`{where}{name}` cannot be read, so nobody knows what is collected"
                said = True
                why = _why_not_taken(path, where, found)
                if why is not None:
                    return f"`{where}{name}` {why}"
    if said or any(RUNNER.search(base.files[one]) for one in base.files if SPEAKS_OF_RUNNER.search(one)):
        return None
    return "nothing in the base runs pytest or unittest"


def folders_above(path: str) -> Iterator[str]:
    """Every folder above a path, nearest first, each with its slash; the root, which is empty, last."""
    parts = path.split("/")[:-1]
    for depth in range(len(parts), -1, -1):
        yield "".join(f"{part}/" for part in parts[:depth])


def options(name: str, text: str) -> dict[str, Any] | None:
    """Options of pytest in a configuration file; empty: it has none; None: it is not readable."""
    try:
        if name.endswith(".toml"):
            tables = tomllib.loads(text)
            tool = tables.get("tool", {}).get("pytest", {}) if name == "pyproject.toml" else tables
            found = {**tool, **tool.get("ini_options", {})}
            found.pop("ini_options", None)
            return found.get("pytest", found) if isinstance(found.get("pytest", found), dict) else None
        parser = configparser.ConfigParser(interpolation=None, strict=True, delimiters=("=", ":"))
        parser.read_string(text)
    except (tomllib.TOMLDecodeError, configparser.Error, AttributeError, TypeError):
        return None
    section = "tool:pytest" if name == "setup.cfg" else "pytest"
    return dict(parser[section]) if parser.has_section(section) else {}


def _why_not_taken(path: str, where: str, found: Mapping[str, Any]) -> str | None:
    for key, plain in PLAIN_KEYS.items():
        if key in found and not set(_listed(found[key])) <= plain:
            return f"sets `{key}`, and tests here are other functions than the usual ones"
    patterns = _listed(found["python_files"]) if "python_files" in found else list(NAMES)
    name = path.rsplit("/", 1)[-1]
    if not any(fnmatchcase(name, pattern) for pattern in patterns):
        return "collects files of other names"
    if "norecursedirs" in found or "collect_ignore" in found:
        skipped = _listed(found.get("norecursedirs", ""))
        if any(fnmatchcase(part, pattern) for part in path.split("/") for pattern in skipped):
            return "keeps the runner out of this folder"
    places = [where + place.strip("/").removeprefix("./") for place in _listed(found.get("testpaths", ""))]
    if places and not any(path.startswith(place.rstrip("/") + "/") or path == place for place in places):
        return "collects other folders (`testpaths`)"
    return None


def _listed(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    return re.split(r"[\s,]+", value.strip()) if isinstance(value, str) and value.strip() else []


def _by_company(file: ChangedFile, base: BaseTree) -> str | None:
    """A new file stands where the runner already finds tests, under a name that no module has."""
    if file.change.before is not None:
        return None
    folder, _, name = file.path.rpartition("/")
    beside = [
        path for path in base.files if path.rpartition("/")[0] == folder and is_test_name(path.rpartition("/")[2])
    ]
    if not beside:
        return "the file is new, and its folder has no tests yet: nothing says that the runner collects it"
    same = next((path for path in sorted(base.files) if path.rpartition("/")[2].lower() == name.lower()), None)
    return None if same is None else f"the file is new, and `{same}` has its name: one would hide the other"


def _by_name(file: ChangedFile, base: BaseTree) -> str | None:
    """The first other file that imports or names this one."""
    stem = file.path.rsplit("/", 1)[-1].removesuffix(".py")
    word = re.compile(rf"(?<![\w-]){re.escape(stem.lower())}(?![\w-])")
    for path in readers_in(base):
        if path == file.path or stem.lower() not in base.lowered[path]:
            continue
        text = base.lowered[path]
        for found in word.finditer(text):
            if not text[: found.start()].endswith(("def ", "def\t")):
                line = text.count("\n", 0, found.start()) + 1
                return f"`{path}` line {line} names this file, which may be more than running it as a test"
    return None


def outside_tests(file: ChangedFile, step: Sequence[ChangedFile]) -> str | None:
    """The first file of the step that is neither a test by name nor a page."""
    for other in sorted(step, key=lambda one: one.path):
        page = other.name.endswith((".md", ".rst")) and not any(TEST_FOLDER.match(part) for part in other.parts[:-1])
        plain = page or is_test_name(other.path.rsplit("/", 1)[-1])
        if other is not file and not plain:
            return f"the change also touches `{other.path}`, which is no test"
    return None
