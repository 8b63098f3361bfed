"""Which files of a tree an import may mean, by the rules of its language and the names that manifests give."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from magistrate.impact.reach.imports import Tongue, tongue_of

SCRIPT_ENDINGS: Final = ("", ".ts", ".tsx", ".js", ".jsx", ".mts", ".cts", ".mjs", ".cjs", ".d.ts", ".vue", ".svelte")
SCRIPT_INDEX: Final = tuple(f"/index{one}" for one in SCRIPT_ENDINGS[1:])
_UNIT: Final = "\0"
"""Before the name of a folder that is one package (Go, Java)."""


class Index:
    """Everything that imports of one tree may mean."""

    def __init__(self, files: Mapping[str, str], paths: Sequence[str]) -> None:
        """Index the source files `paths`; `files` also has the manifests."""
        self._paths = frozenset(paths)
        self._python: dict[str, list[str]] = defaultdict(list)
        self._endings: dict[str, list[str]] = defaultdict(list)
        self._folders: dict[str, None] = {}
        inits = {
            path.rpartition("/")[0] for path in paths if path.rsplit("/", 1)[-1] in {"__init__.py", "__init__.pyi"}
        }
        for path in paths:
            tongue = tongue_of(path)
            if tongue is Tongue.PYTHON:
                for name in _python_names(path, inits):
                    self._python[name].append(path)
            elif tongue in {Tongue.GO, Tongue.JAVA}:
                self._folders.setdefault(_UNIT + path.rpartition("/")[0])
            if tongue in {Tongue.JAVA, Tongue.ECMASCRIPT, Tongue.RUST}:
                self._endings[_stem(path)].append(path)
        self._packages = _named(files, "package.json", r"\"name\"\s*:\s*\"([^\"]+)\"")
        self._crates = _named(files, "Cargo.toml", r"(?m)^name\s*=\s*\"([^\"]+)\"")
        self._modules = _named(files, "go.mod", r"(?m)^module\s+(\S+)")

    @property
    def units(self) -> tuple[str, ...]:
        """Folders that are one package each."""
        return tuple(self._folders)

    def unit_of(self, path: str) -> str | None:
        """The package that a file is part of without a word, for Go and Java."""
        return _UNIT + path.rpartition("/")[0] if tongue_of(path) in {Tongue.GO, Tongue.JAVA} else None

    def targets(self, path: str, tongue: Tongue, written: str) -> Iterator[str]:
        """Files and units that an import in a file may mean; nothing for what comes from elsewhere."""
        if tongue is Tongue.PYTHON:
            yield from self._of_python(path, written)
        elif tongue is Tongue.ECMASCRIPT:
            yield from self._of_script(path, written)
        elif tongue is Tongue.GO:
            yield from self._of_go(written)
        elif tongue is Tongue.JAVA:
            yield from self._of_java(written)
        else:
            yield from self._of_rust(path, written)

    def _of_python(self, path: str, written: str) -> Iterator[str]:
        module, _, name = written.partition(":")
        if not module.startswith("."):
            yield from self._python_named(module, name)
            return
        dots = len(module) - len(module.lstrip("."))
        folder = path.rsplit("/", 1)[0].split("/") if "/" in path else []
        if dots - 1 > len(folder):
            return
        parts = [*folder[: len(folder) - dots + 1], *[one for one in module.lstrip(".").split(".") if one]]
        for tail in ([*parts, name] if name else parts, parts):
            at = "/".join(tail)
            for one in (f"{at}.py", f"{at}.pyi", posixpath.join(at, "__init__.py"), posixpath.join(at, "__init__.pyi")):
                if one in self._paths:
                    yield one

    def _python_named(self, module: str, name: str) -> Iterator[str]:
        """A module, the packages above it (loading it runs them), and what is named in it where that is a module."""
        if name:
            yield from self._python.get(f"{module}.{name}", ())
        parts = module.split(".")
        for length in range(len(parts), 0, -1):
            yield from self._python.get(".".join(parts[:length]), ())

    def _of_script(self, path: str, written: str) -> Iterator[str]:
        if written.startswith("."):
            at = posixpath.normpath(posixpath.join(posixpath.dirname(path), written))
            yield from self._script_at(at)
            return
        for name, folder in self._packages.items():
            if written == name or written.startswith(name + "/"):
                rest = written[len(name) + 1 :]
                for inside in (folder, posixpath.join(folder, "src")):
                    yield from self._script_at(
                        posixpath.normpath(posixpath.join(inside, rest)) if rest else inside or "."
                    )
        alias = re.match(r"(?:@|~|#)?/?(?P<rest>[\w.-]+/.+)\Z", written)
        if alias is not None:
            yield from self._ending_in(alias["rest"])
            yield from self._ending_in(alias["rest"].partition("/")[2])

    def _script_at(self, at: str) -> Iterator[str]:
        at = "" if at == "." else at
        bare = re.sub(r"\.(?:js|mjs|cjs|jsx)\Z", "", at)
        for stem in dict.fromkeys((at, bare)):
            for ending in (*SCRIPT_ENDINGS, *SCRIPT_INDEX):
                one = (stem + ending).lstrip("/")
                if one in self._paths:
                    yield one

    def _ending_in(self, rest: str) -> Iterator[str]:
        """Files whose path ends so: an alias of a bundler names the folder in front."""
        bare = re.sub(r"\.(?:jsx?|tsx?|mjs|cjs|vue|svelte)\Z", "", rest)
        for tail in (bare, f"{bare}/index"):
            for one in self._endings.get(tail.rsplit("/", 1)[-1], ()):
                if _without_ending(one) == tail or _without_ending(one).endswith("/" + tail):
                    yield one

    def _of_go(self, written: str) -> Iterator[str]:
        for module, folder in self._modules.items():
            if written == module or written.startswith(module + "/"):
                inside = posixpath.normpath(posixpath.join(folder, written[len(module) + 1 :]))
                unit = _UNIT + ("" if inside == "." else inside)
                if unit in self._folders:
                    yield unit

    def _of_java(self, written: str) -> Iterator[str]:
        parts = written.removesuffix(".*").split(".")
        if written.endswith(".*"):
            tail = "/".join(parts)
            yield from (unit for unit in self._folders if unit.endswith("/" + tail) or unit == _UNIT + tail)
        for length in range(len(parts), 1, -1):
            tail = "/".join(parts[:length])
            hits = [one for one in self._endings.get(parts[length - 1], ()) if _without_ending(one).endswith(tail)]
            if hits:
                yield from hits
                return

    def _of_rust(self, path: str, written: str) -> Iterator[str]:
        folder, own = posixpath.dirname(path), _stem(path)
        inside = folder if own in {"mod", "lib", "main"} else posixpath.join(folder, own)
        if written.startswith("mod "):
            name = written[4:]
            for at in (inside, folder):
                yield from self._present(posixpath.join(at, f"{name}.rs"), posixpath.join(at, name, "mod.rs"))
            return
        parts = [one for one in written.split("::") if one and one != "*"]
        if not parts:
            return
        if parts[0] in {"super", "self", "crate"}:
            starts = [inside, folder] if parts[0] == "self" else [posixpath.dirname(inside), folder]
            starts = [self._crate_of(path)] if parts[0] == "crate" else starts
            rest = [one for one in parts if one not in {"super", "self", "crate"}]
            for start in dict.fromkeys(starts):
                yield from self._rust_longest(start, rest)
            return
        for name, at in self._crates.items():
            if name.replace("-", "_") == parts[0]:
                root = posixpath.join(at, "src")
                yield from self._present(posixpath.join(root, "lib.rs"), posixpath.join(at, "lib.rs"))
                yield from self._rust_longest(root, parts[1:])

    def _rust_longest(self, start: str, rest: Sequence[str]) -> Iterator[str]:
        for length in range(len(rest), 0, -1):
            at = posixpath.join(start, *rest[:length])
            found = list(self._present(f"{at}.rs", posixpath.join(at, "mod.rs")))
            if found:
                yield from found
                return
        yield from self._present(*(posixpath.join(start, one) for one in ("lib.rs", "main.rs", "mod.rs")))

    def _crate_of(self, path: str) -> str:
        """The folder of the sources of the crate that a file is in."""
        inside = [at for at in self._crates.values() if not at or path.startswith(at + "/")]
        return posixpath.join(max(inside, key=len, default=""), "src")

    def _present(self, *paths: str) -> Iterator[str]:
        return (one for one in paths if one in self._paths)


def _python_names(path: str, inits: set[str]) -> Iterable[str]:
    """Dotted names of a file: from the folder of its outermost package on, and from usual roots of sources."""
    parts = path.rsplit(".", 1)[0].split("/")
    whole = parts[:-1] if parts[-1] == "__init__" else parts
    top = len(parts) - 1
    while top > 0 and "/".join(parts[:top]) in inits:
        top -= 1
    starts = {
        top,
        0,
        *(n + 1 for n, one in enumerate(parts[:-1]) if one in {"src", "lib", "python", "app", "apps"} and n < top),
    }
    return {".".join(whole[start:]) for start in sorted(starts) if whole[start:]}


def _named(files: Mapping[str, str], manifest: str, pattern: str) -> dict[str, str]:
    """Names that manifests give, each with its folder."""
    found: dict[str, str] = {}
    for path in sorted(files):
        if path == manifest or path.endswith("/" + manifest):
            said = re.search(pattern, files[path])
            if said is not None:
                found.setdefault(said[1], path.rpartition("/")[0])
    return found


def _stem(path: str) -> str:
    return _without_ending(path).rsplit("/", 1)[-1]


def _without_ending(path: str) -> str:
    head, _, name = path.rpartition("/")
    name = name.removesuffix(".d.ts") if name.endswith(".d.ts") else name.rsplit(".", 1)[0]
    return f"{head}/{name}" if head else name
