"""Which of the tools that re-derive a proposal are on this machine.

Rule kept (R21): a tool comes from beside the running interpreter, where it was installed by name
and hash, or from a folder of the operator's `PATH`; never from a folder that a repository fills.
Programs that choose another program by what lies around them (rustup) are looked through.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from magistrate.environment import interpreter_of_tests
from magistrate.usecases.evidence import Tool, program

BLACK: Final = ("black", "click", "mypy_extensions", "packaging", "pathspec", "platformdirs", "pytokens")
"""The package and everything that it loads."""
NODE_ENV: Final = (("OPENSSL_CONF", "/dev/null"),)
"""Node would read the machine's configuration of OpenSSL, which is outside the walls."""
OF_THE_INSTALLER: Final = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"})


def found_tools() -> Mapping[str, Tool]:
    """Programs by the name that `usecases.evidence.RUNNERS` knows them under; each is looked for when asked for."""
    return _Found()


class _Found(Mapping[str, Tool]):
    def __init__(self) -> None:
        self._asked: dict[str, Tool | None] = {}

    def __getitem__(self, name: str) -> Tool:
        if name not in self._asked:
            self._asked[name] = _FINDERS[name]()
        tool = self._asked[name]
        if tool is None:
            raise KeyError(name)
        return tool

    def __iter__(self) -> Iterator[str]:
        return (name for name in _FINDERS if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _beside(name: str) -> Path | None:
    path = Path(sys.executable).with_name(name)
    return path if path.is_file() else None


def _on_path(name: str) -> Path | None:
    """A program of the operator, with links followed."""
    found = shutil.which(name, path=os.pathsep.join(str(folder) for folder in _own_folders()))
    return Path(found).resolve() if found else None


def _own_folders() -> Iterator[Path]:
    here = Path.cwd()
    tree = next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), None)
    for entry in os.environ.get("PATH", "").split(os.pathsep):
        folder = Path(entry)
        if not folder.is_absolute() or not folder.is_dir() or "node_modules" in folder.parts:
            continue
        of_the_tree = tree is not None and folder.resolve().is_relative_to(tree.resolve())
        if not of_the_tree and not folder.stat().st_mode & stat.S_IWOTH:
            yield folder


def _file(name: str) -> Tool | None:
    path = _beside(name) or _on_path(name)
    return program(path) if path is not None and _is_binary(path) else None


def _is_binary(path: Path) -> bool:
    """A script is another program's input; its own digest says little."""
    with path.open("rb") as stream:
        return stream.read(2) != b"#!"


def _black() -> Tool | None:
    measured: list[tuple[str, Path]] = []
    for name in BLACK:
        try:
            listed = distribution(name).files or ()
        except PackageNotFoundError:
            if name == BLACK[0]:
                return None
            continue
        own = [
            one for one in listed if ".." not in one.parts and one.suffix != ".pyc" and one.name not in OF_THE_INSTALLER
        ]
        measured += [(one.as_posix(), Path(str(one.locate()))) for one in own if Path(str(one.locate())).is_file()]
    return Tool(start=(sys.executable, "-I", "-m", "black"), shown=(), measured=tuple(measured))


def _clang_format() -> Tool | None:
    try:
        listed = distribution("clang-format").files or ()
    except PackageNotFoundError:
        return _file("clang-format")
    binary = next(
        (Path(str(one.locate())) for one in listed if one.name == "clang-format" and "data" in one.parts), None
    )
    return program(binary) if binary is not None and binary.is_file() else None


def _rustfmt() -> Tool | None:
    binary = _on_path("rustfmt")
    if binary is not None and binary.name.startswith("rustup"):
        home = Path.home() / ".rustup"
        try:
            chosen = tomllib.loads((home / "settings.toml").read_text())["default_toolchain"]
        except (OSError, ValueError, KeyError):
            return None
        binary = home / "toolchains" / str(chosen) / "bin" / "rustfmt"
    if binary is None or not binary.is_file() or not _is_binary(binary):
        return None
    libraries = sorted((binary.parent.parent / "lib").glob("lib*.so*")) if binary.parent.parent != Path("/usr") else []
    measured = ((binary.name, binary), *((library.name, library) for library in libraries if library.is_file()))
    return Tool(start=(str(binary),), shown=(binary, *libraries), measured=measured)


def _prettier() -> Tool | None:
    script, node = _on_path("prettier"), _on_path("node")
    if script is None or node is None or not _is_binary(node):
        return None
    package = script.parent.parent
    try:
        name = json.loads((package / "package.json").read_text())["name"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if name != "prettier":
        return None
    files = sorted(
        path for path in package.rglob("*") if path.is_file() and "node_modules" not in path.relative_to(package).parts
    )
    measured = (("node", node), *((path.relative_to(package).as_posix(), path) for path in files))
    return Tool(start=(str(node), str(script)), shown=(node, package), measured=measured, env=NODE_ENV)


def _pytest() -> Tool | None:
    """The interpreter of the project under test, where the operator names one that has pytest."""
    named = interpreter_of_tests()
    python = Path(named)
    if not named or not python.is_absolute() or not python.is_file():
        return None
    return _environment(python, "pytest", (str(python),))


def _checkov() -> Tool | None:
    """The program of an environment of its own: its first line names the interpreter beside it."""
    script = _beside("checkov") or _on_path("checkov")
    try:
        first = script.read_bytes().partition(b"\n")[0] if script is not None else b""
    except OSError:
        return None
    python = Path(os.fsdecode(first.removeprefix(b"#!").strip())) if first.startswith(b"#!") else Path()
    named = python.is_absolute() and python.is_file()
    if script is None or not named or python.parent.resolve() != script.parent.resolve():
        return None
    return _environment(python, "checkov", (str(python), "-I", "-m", "checkov.main"))


def _environment(python: Path, package: str, start: tuple[str, ...]) -> Tool | None:
    """A package with its interpreter and all that is installed beside them, where that shows no home."""
    prefix, real = python.parent.parent, python.resolve()
    measured = [(real.name, real)]
    for packages in sorted(prefix.glob("lib/python3*/site-packages")):
        listed = sorted(one for one in packages.glob("*.dist-info/*") if one.name in {"METADATA", "RECORD"})
        measured += [(one.relative_to(packages).as_posix(), one) for one in listed]
    if not any(name.startswith(f"{package}-") for name, _ in measured):
        return None
    homes = [home for home in (prefix, real.parent.parent) if not home.is_relative_to("/usr")]
    if any(Path.home().resolve().is_relative_to(home.resolve()) for home in homes):
        return None  # what runs on a repository's bytes is shown to it: never a whole home
    return Tool(start=start, shown=tuple(homes), measured=tuple(measured))


def _kustomize() -> Tool | None:
    """Kustomize by itself, or as `kubectl` has it."""
    alone, inside = _file("kustomize"), _file("kubectl")
    if alone is not None:
        return replace(alone, start=(*alone.start, "build"))
    return None if inside is None else replace(inside, start=(*inside.start, "kustomize"))


_FINDERS: Final[Mapping[str, Callable[[], Tool | None]]] = {
    "ruff": lambda: _file("ruff"),
    "black": _black,
    "checkov": _checkov,
    "clang-format": _clang_format,
    "gofmt": lambda: _file("gofmt"),
    "helm": lambda: _file("helm"),
    "kustomize": _kustomize,
    "prettier": _prettier,
    "pytest": _pytest,
    "rustfmt": _rustfmt,
    "shfmt": lambda: _file("shfmt"),
    "taplo": lambda: _file("taplo"),
    "zizmor": lambda: _file("zizmor"),
}
