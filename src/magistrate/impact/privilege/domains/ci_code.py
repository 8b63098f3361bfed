"""The files whose bytes run when a build job runs: scripts that its commands name, and what those name in turn.

A file belongs to the closure where a command, or a file of the closure, names its path (from the root,
from the working directory, or from the file that names it), where a build program reads it by its own
rule (`make` a makefile, `npm run` an entry of `scripts`), or where a Python file imports it.

Rule kept: what is not followed is said in the reference; a closure that grows too large counts as all files.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Final

from magistrate.impact.privilege.model import Holder, Layer, Place, Statement, Where
from magistrate.impact.privilege.patterns import RUN, Glob, literal

DOMAIN: Final = "code"
MAX_FILES: Final = 2_000
MAX_SCANNED: Final = 200_000
"""Characters of one file in which names of other files are looked for."""
SHORT: Final = 3
"""Letters that a name without a dot or a slash has at least, to be taken for one of a file."""
ENDINGS: Final = (
    "",
    ".js",
    ".ts",
    ".mjs",
    ".cjs",
    ".sh",
    ".py",
    "/index.js",
    "/index.ts",
    "/__init__.py",
    "/__main__.py",
)
CODE: Final = frozenset({
    "sh", "bash", "zsh", "fish", "ps1", "psm1", "bat", "cmd", "py", "js", "mjs", "cjs", "ts", "mts", "cts", "rb", "pl", "php",
    "lua", "tcl", "awk", "groovy", "gradle", "kts", "mk", "mak", "make", "cmake", "just", "r", "jl", "swift", "go", "exs", "nix",
})  # fmt: skip
"""Endings of files that are run as they stand; so is a file without one."""
IMPORTS: Final = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts")
_WORD: Final = re.compile(r"[A-Za-z0-9_@%+=,.~*/?-]*[A-Za-z0-9_*]")
_COMMAND: Final = re.compile(r"[\w@./+-]+(?:[ \t]+[^\n;&|<>]*)?")
_IMPORT: Final = re.compile(r"(?m)^\s*(?:from\s+([.\w]+)\s+import\s+\(?([\w, ]*)|import\s+([\w., ]+))")
_MODULE: Final = re.compile(r"-m\s+([\w.]+)")
_DIRECTORY: Final = re.compile(r"(?:--directory(?:=|\s+)|--prefix(?:=|\s+)|--cwd(?:=|\s+)|-C\s*)([\w./-]+)")
_CD: Final = re.compile(r"\b(?:cd|pushd)\s+[\"']?([\w./-]+)")
READ_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "make": ("Makefile", "makefile", "GNUmakefile"),
    "gmake": ("Makefile", "makefile", "GNUmakefile"),
    "just": ("justfile", "Justfile", ".justfile"),
    "task": ("Taskfile.yml", "Taskfile.yaml", "taskfile.yml"),
    "rake": ("Rakefile", "rakefile", "Rakefile.rb"),
    "bundle": ("Gemfile", "Rakefile"),
    "fastlane": ("fastlane/Fastfile", "Fastfile"),
    "tox": ("tox.ini", "setup.py"),
    "nox": ("noxfile.py",),
    "invoke": ("tasks.py",),
    "inv": ("tasks.py",),
    "gradle": ("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"),
    "gradlew": ("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "gradlew",
                "gradle/wrapper/gradle-wrapper.properties"),
    "mvn": ("pom.xml", ".mvn/extensions.xml", ".mvn/jvm.config"),
    "mvnw": ("pom.xml", "mvnw", ".mvn/wrapper/maven-wrapper.properties"),
    "cargo": ("build.rs", ".cargo/config.toml", ".cargo/config"),
    "docker": ("Dockerfile", "docker-bake.hcl", "docker-compose.yml", "docker-compose.yaml", "compose.yaml", "compose.yml"),
    "docker-compose": ("docker-compose.yml", "docker-compose.yaml", "compose.yaml", "compose.yml"),
    "podman": ("Dockerfile", "Containerfile"),
    "buildah": ("Dockerfile", "Containerfile"),
    "kaniko": ("Dockerfile",),
    "pip": ("setup.py",), "pip3": ("setup.py",), "pipx": ("setup.py",), "uv": ("setup.py",), "python -m build": ("setup.py",),
    "poetry": ("build.py",),
    "pre-commit": (".pre-commit-config.yaml",),
    "goreleaser": (".goreleaser.yml", ".goreleaser.yaml", "goreleaser.yml", "goreleaser.yaml"),
    "semantic-release": (".releaserc", ".releaserc.json", ".releaserc.js", ".releaserc.yml", "release.config.js", "release.config.cjs"),
    "cmake": ("CMakeLists.txt",),
    "bazel": ("WORKSPACE", "WORKSPACE.bazel", "MODULE.bazel", ".bazelrc", "BUILD", "BUILD.bazel"),
    "earthly": ("Earthfile",), "dagger": ("dagger.json",), "skaffold": ("skaffold.yaml",),
    "vagrant": ("Vagrantfile",), "meson": ("meson.build",), "mage": ("magefile.go",), "lerna": ("lerna.json",), "nx": ("nx.json",),
    "turbo": ("turbo.json",), "mix": ("mix.exs",), "sbt": ("build.sbt", "project/plugins.sbt"), "composer": ("composer.json",),
}  # fmt: skip
"""Files that a program reads by their names, in the folder it runs in."""
INSTALL: Final = ("preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare")
PUBLISH: Final = ("prepublishOnly", "prepack", "prepare", "postpack", "publish", "postpublish")
RUNNERS: Final = frozenset({"npm", "pnpm", "yarn", "bun"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Text that a job runs, the folder it runs in (`""` is the root), and where it stands."""

    text: str
    folder: str = ""
    place: Place = field(default=Place(path=""), compare=False)


@dataclass(slots=True)
class _Closure:
    files: Mapping[str, str]
    found: dict[str, str] = field(default_factory=dict)
    line: list[str] = field(default_factory=list)

    def take(self, path: str, *, known: bool = False) -> None:
        """One more file, if it is there and may be code, or is `known` to be read as a recipe."""
        if path in self.files and path not in self.found and (known or _runs(path)):
            self.found[path] = digest(self.files[path])
            self.line.append(path)

    def take_part(self, name: str, text: str, folder: str) -> None:
        """One entry of a file, known by `name`, whose text is a command."""
        if name not in self.found:
            self.found[name] = digest(text)
            self.read(text, folder)

    def read(self, text: str, folder: str, beside: str = "") -> None:
        """Everything that a text of commands names."""
        entered = (_joined(folder, matched[1]) for matched in _CD.finditer(text))
        folders = list(dict.fromkeys((folder, beside, "", *entered)))
        for word in _words(text):
            self._named(word, folders)
        for command in _commands(text):
            self._built(command, folders)

    def _named(self, word: str, folders: Sequence[str]) -> None:
        plain = word.rpartition("=")[2].lstrip("/@")
        if not plain or plain in {".", ".."}:
            return
        for folder in folders:
            at = _joined(folder, plain)
            if "*" in plain or "?" in plain:
                if "/" in at and not at.startswith("*"):
                    for path in sorted(self.files):
                        if fnmatchcase(path, at):
                            self.take(path)
                continue
            for ending in ENDINGS:
                if at + ending in self.files:
                    self.take(at + ending)
                    break

    def _built(self, command: str, folders: Sequence[str]) -> None:
        words = command.split()
        name = posixpath.basename(words[0])
        inside = [_joined(folders[0], matched) for matched in _DIRECTORY.findall(command)]
        for folder in (*folders, *inside):
            for read in READ_BY.get(name, ()):
                self.take(_joined(folder, read), known=True)
            if name in RUNNERS:
                self._scripts(name, words[1:], folder)
        for matched in _MODULE.finditer(command):
            for folder in folders:
                at = _joined(folder, matched[1].replace(".", "/"))
                for path in (at + ".py", at + "/__main__.py", at + "/__init__.py"):
                    self.take(path)
            if matched[1] in {"build", "pip"}:
                self.take(_joined(folders[0], "setup.py"))
            elif matched[1] in READ_BY:
                for read in READ_BY[matched[1]]:
                    self.take(_joined(folders[0], read), known=True)

    def _scripts(self, runner: str, words: Sequence[str], folder: str) -> None:
        at = _joined(folder, "package.json")
        scripts = _scripts_of(self.files.get(at, ""))
        for name in _asked(runner, words, scripts):
            if name in scripts:
                self.take_part(f"{at}#scripts.{name}", scripts[name], folder)

    def named_in(self, path: str) -> None:
        """Scripts whose whole names stand in a program: it may start them."""
        folders = ("", posixpath.dirname(path))
        for word in _words(self.files[path]):
            if "." in posixpath.basename(word):
                self._named(word, folders)

    def imports(self, path: str) -> None:
        """What a script imports of the files beside and below it; the product that it imports is not its recipe."""
        beside = posixpath.dirname(path)
        if path.endswith(".py"):
            targets = [one + end for one in _imported(self.files[path], beside) for end in (".py", "/__init__.py")]
        else:
            named = (_joined(beside, word) for word in _words(self.files[path]) if word.startswith("./"))
            targets = [one + end for one in named for end in ENDINGS]
        for target in targets:
            if target.startswith(f"{beside}/") if beside else "/" not in target:
                self.take(target)


def _runs(path: str) -> bool:
    name = posixpath.basename(path)
    return "." not in name or name.rpartition(".")[2].lower() in CODE


@lru_cache(maxsize=1024)
def _words(text: str) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            word for word in _WORD.findall(text[:MAX_SCANNED]) if "." in word or "/" in word or len(word) >= SHORT
        )
    )


@lru_cache(maxsize=1024)
def _commands(text: str) -> tuple[str, ...]:
    """The pieces that begin with a program which reads files by their names."""
    found = dict.fromkeys(_COMMAND.findall(text[:MAX_SCANNED]))
    return tuple(
        one
        for one in found
        if (name := posixpath.basename(one.split()[0])) in READ_BY or name in RUNNERS or "-m" in one
    )


@lru_cache(maxsize=256)
def _imported(text: str, beside: str) -> tuple[str, ...]:
    found: list[str] = []
    for begin, names, plain in _IMPORT.findall(text[:MAX_SCANNED]):
        for module in (begin,) if begin else re.split(r"[,\s]+", plain):
            found += _targets(module, names, beside)
    return tuple(dict.fromkeys(found))


def _joined(folder: str, path: str) -> str:
    joined = posixpath.normpath(posixpath.join(folder, path)) if folder else posixpath.normpath(path)
    return "" if joined == "." else joined.removeprefix("../").lstrip("/")


def _targets(module: str, names: str, beside: str) -> Iterator[str]:
    dots = len(module) - len(module.lstrip("."))
    rest = module.lstrip(".").replace(".", "/")
    if dots:
        roots: tuple[str, ...] = (posixpath.normpath(posixpath.join(beside, *[".."] * (dots - 1))),)
    else:
        roots = (beside,)
    for root in roots:
        at = _joined(root if root != "." else "", rest) if rest else root
        if at:
            yield at
        for name in re.split(r"[,\s]+", names):
            if name:
                yield posixpath.join(at, name) if at else name


def _scripts_of(text: str) -> dict[str, str]:
    try:
        read: Any = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {"": text}
    scripts = read.get("scripts") if isinstance(read, dict) else None
    return {str(name): str(value) for name, value in scripts.items()} if isinstance(scripts, dict) else {}


def _asked(runner: str, words: Sequence[str], scripts: Mapping[str, str]) -> Iterator[str]:
    """The entries of `scripts` that one command of a package manager runs."""
    verbs = [word for word in words if not word.startswith("-")]
    verb = verbs[0] if verbs else "install"
    ignored = any(word in {"--ignore-scripts", "--ignore-scripts=true"} for word in words)
    yield ""
    if verb in {"ci", "install", "i", "add", "clean-install", "rebuild"}:
        yield from () if ignored else INSTALL
        return
    if verb in {"publish", "pack"}:
        yield from () if ignored else PUBLISH
        return
    names = verbs[1:2] if verb in {"run", "run-script", "exec", "x"} else [{"t": "test", "tst": "test"}.get(verb, verb)]
    for name in names:
        if runner != "npm" or verb in {"run", "run-script", "test", "t", "tst", "start", "stop", "restart", "version"}:
            yield from (f"pre{name}", name, f"post{name}")
    if len(verbs) > 1 and verb in {"workspace", "workspaces", "-r", "--filter"}:
        yield from (name for name in verbs[1:] if name in scripts)


def digest(text: str) -> str:
    """`sha256:` and the digest of a text as UTF-8."""
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def closure(commands: Sequence[Command], files: Mapping[str, str], named: Sequence[str] = ()) -> dict[str, str]:
    """Digest of each file, or entry of a file, that these commands and the `named` files run; by path, sorted."""
    found = _Closure(files)
    for path in named:
        found.take(path)
    for command in commands:
        found.read(command.text, command.folder)
    at = 0
    while at < len(found.line):
        path = found.line[at]
        at += 1
        if len(found.found) > MAX_FILES:
            every = "\n".join(f"{name} {digest(files[name])}" for name in sorted(files))
            return {"every file": digest(every)}
        if path.endswith((".py", *IMPORTS)):
            found.imports(path)
            found.named_in(path)
        else:
            found.read(files[path], "", posixpath.dirname(path))
    return {name: found.found[name] for name in sorted(found.found)}


def code_holder(job: str, pieces: Mapping[str, tuple[str, Place]]) -> Holder:
    """The code that runs in a job: each piece as `path@sha256:...`, in words and with its place.

    A piece that ends with `@*` or `:*` is whatever its owner puts there.
    """
    statements = tuple(
        Statement(where=(Where(dimension="code", among=(_piece(name),)),), place=place, says=says)
        for name, (says, place) in sorted(pieces.items())
    )
    return Holder(name=f"code:{job}", domain=DOMAIN, layers=(Layer(statements=statements),))


def _piece(name: str) -> Glob:
    return Glob((*name[:-1], RUN)) if name.endswith(("@*", ":*")) else literal(name)
