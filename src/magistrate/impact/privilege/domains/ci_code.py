"""The files whose bytes run when a build job runs: scripts that its commands name, and what those name in turn.

A file belongs to the closure where a command, or a file of the closure, names its path (from the root,
from the working directory, or from the file that names it), where a build program reads it by its own
rule (`make` a makefile, `npm run` an entry of `scripts`), or where a Python file imports it.

Rule kept: what is not followed is said in the reference; a closure that grows too large counts as all files.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import islice
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.ci_recipes import (
    PLAIN,
    READ_BY,
    RUNNERS,
    asked_scripts,
    default_goal,
    make_rules,
    scripts_of,
    unwrapped,
)
from magistrate.impact.privilege.model import Holder, Layer, Place, Statement, Where
from magistrate.impact.privilege.patterns import RUN, Glob, literal

DOMAIN: Final = "code"
MAX_FILES: Final = 2_000
MAX_SCANNED: Final = 2_000_000
"""Characters of one file in which names of other files are looked for; with a longer one every file counts."""
MAX_PACKAGES: Final = 50
"""Folders after `go run`; of more, every file counts."""
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
_LITERAL: Final = rx(r"[^*?\[]*")
"""What a pattern begins with that stands for itself."""
CODE: Final = frozenset({
    "sh", "bash", "zsh", "fish", "ps1", "psm1", "bat", "cmd", "py", "js", "mjs", "cjs", "ts", "mts", "cts", "rb", "pl", "php",
    "lua", "tcl", "awk", "groovy", "gradle", "kts", "mk", "mak", "make", "cmake", "just", "r", "jl", "swift", "go", "exs", "nix",
})  # fmt: skip
"""Endings of files that are run as they stand; so is a file without one."""
IMPORTS: Final = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts")
_WORD: Final = rx(r"[A-Za-z0-9_@%+=,.~*/?-]*[A-Za-z0-9_*]")
_PREFIX: Final = rx(r"\$\w+(?=/)")
_COMMAND: Final = rx(r"[\w@./+-]+(?:[ \t]+[^\n;&|<>]*)?")
_IMPORT: Final = rx(r"(?m)^\s*(?:from\s+([.\w]+)\s+import\s+\(?([\w, ]*)|import\s+([\w., ]+))")
_MODULE: Final = rx(r"-m\s+([\w.]+)")
_DIRECTORY: Final = rx(r"(?:--directory(?:=|\s+)|--prefix(?:=|\s+)|--cwd(?:=|\s+)|-C\s*)([\w./-]+)")
_SOURCED: Final = rx(r"(?:^|[\n;&|({])[ \t]*(?:source|\.)[ \t]+[\"']?([\w./-]+)")
_PIPED: Final = rx(
    r"(?m)^.*(?:\|[ \t]*(?:sudo[ \t]+)?(?:env[ \t]+)?(?:ba|z|da|k)?sh\b|\|[ \t]*(?:python3?|node|perl|ruby|php|psql|mysql|sqlite3)\b|"
    r"\beval\b|\bxargs\b|\bsh[ \t]+-c\b|<\().*$"
)
"""Lines in which the text of a file may become a command, whatever the file is called."""
_NAMED_FILES: Final = frozenset({"ansible-playbook", "go"})
"""Programs that run what is named after them, whatever its ending, or every file of a folder."""
_CD: Final = rx(r"\b(?:cd|pushd)\s+[\"']?([\w./-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Text that a job runs, the folder it runs in (`""` is the root), the one it comes from, and where it stands."""

    text: str
    folder: str = ""
    beside: str = ""
    place: Place = field(default=Place(path=""), compare=False)


@dataclass(slots=True)
class _Closure:
    files: Mapping[str, str]
    found: dict[str, str] = field(default_factory=dict)
    line: list[str] = field(default_factory=list)
    asked: set[tuple[str, str]] = field(default_factory=set)
    """Words that were looked for already, each with the folder: asking again finds the same."""
    stems: frozenset[str] = frozenset()
    """Last parts of all paths, with and without endings: whatever is not among them names no file."""
    names: list[str] = field(default_factory=list)
    """All paths in order, made when a pattern asks for them."""

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
        for matched in _SOURCED.finditer(text):
            for one in folders:
                self.take(_joined(one, matched[1]), known=True)
        for line in _PIPED.findall(_paths(text[:MAX_SCANNED])):
            for word in _words(line):
                for one in folders:
                    self.take(_joined(one, word), known=True)
        for word in _words(text):
            self._named(word, folders)
        for command in _commands(text):
            self._built(command, folders)

    def _named(self, word: str, folders: Sequence[str]) -> None:
        plain = word.rpartition("=")[2].lstrip("/@")
        last = plain.rpartition("/")[2]
        if not last or (last not in self.stems and "*" not in plain and "?" not in plain):
            return
        for folder in folders:
            if (plain, folder) in self.asked:
                continue
            self.asked.add((plain, folder))
            at = _joined(folder, plain)
            if "*" in plain or "?" in plain:
                if "/" in at and not at.startswith("*"):
                    self._matching(at)
                continue
            for ending in ENDINGS:
                if at + ending in self.files:
                    self.take(at + ending)
                    break

    def _matching(self, pattern: str) -> None:
        """Every file that a pattern names, found among those that begin as it does."""
        self.names = self.names or sorted(self.files)
        start = _LITERAL.findall(pattern)[0]
        for path in islice(self.names, bisect_left(self.names, start), None):
            if not path.startswith(start):
                break
            if fnmatchcase(path, pattern):
                self.take(path)

    def _built(self, command: str, folders: Sequence[str]) -> None:
        words = command.split()
        name = posixpath.basename(words[0])
        inside = [_joined(folders[0], matched) for matched in _DIRECTORY.findall(command)]
        for folder in (*folders, *inside):
            self._recipes(name, words[1:], folder)
        for matched in _MODULE.finditer(command):
            self._module(matched[1], folders)
        if name == "ansible-playbook":
            for word in words[1:]:
                for folder in folders:
                    self.take(_joined(folder, word), known=True)
        if name == "go" and words[1:2] and words[1] in {"run", "generate"}:
            self._go(words[1], words[2:], folders)

    def _go(self, verb: str, words: Sequence[str], folders: Sequence[str]) -> None:
        """The files of the packages that `go run` starts, or those with orders for `go generate`."""
        if len(words) > MAX_PACKAGES:
            words = ("./...",)
        for word in words:
            if not word.startswith("."):
                continue
            for folder in folders:
                at = _joined(folder, word.removesuffix("..."))
                for path in self.files:
                    inside = path.startswith(f"{at}/") if at else True
                    here = inside if word.endswith("...") else posixpath.dirname(path) == at
                    if here and path.endswith(".go") and (verb == "run" or "//go:generate" in self.files[path]):
                        self.take(path)

    def _recipes(self, name: str, words: Sequence[str], folder: str) -> None:
        """What a program of this name reads in this folder."""
        for read in READ_BY.get(name, ()):
            at = _joined(folder, read)
            if name not in {"make", "gmake"}:
                self.take(at, known=True)
            elif at in self.files:
                self._made(at, words, folder)
        if name in RUNNERS:
            self._scripts(name, words, folder)

    def _module(self, module: str, folders: Sequence[str]) -> None:
        """What `python -m` runs."""
        for folder in folders:
            at = _joined(folder, module.replace(".", "/"))
            for path in (at + ".py", at + "/__main__.py", at + "/__init__.py"):
                self.take(path)
        for read in ("setup.py",) if module in {"build", "pip"} else READ_BY.get(module, ()):
            self.take(_joined(folders[0], read), known=True)

    def _made(self, at: str, words: Sequence[str], folder: str) -> None:
        """The rules of a makefile that these goals need; all of it where the goals are not plain."""
        rules = make_rules(self.files[at])
        goals = [word for word in words if not word.startswith("-") and "=" not in word]
        if not words:
            goals = [first] if (first := default_goal(self.files[at])) is not None else []
        if not goals or any(PLAIN.fullmatch(goal) is None or goal not in rules for goal in goals):
            self.take(at, known=True)
            return
        self.take_part(f"{at}#(for all goals)", rules[""][1], folder)
        line = list(goals)
        for goal in line:
            needs, recipe = rules.get(goal, ((), ""))
            line += (one for one in needs if one in rules and one not in line)
            if recipe:
                self.take_part(f"{at}#{goal}", recipe, folder)

    def _scripts(self, runner: str, words: Sequence[str], folder: str) -> None:
        at = _joined(folder, "package.json")
        scripts = scripts_of(self.files.get(at, ""))
        for name in asked_scripts(runner, words, scripts):
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
    image = name.lower().startswith(("dockerfile", "containerfile"))
    return image or "." not in name or name.rpartition(".")[2].lower() in CODE


@lru_cache(maxsize=8)
def _stems(paths: tuple[str, ...]) -> frozenset[str]:
    """The last parts of paths, of folders too, as they stand and without each ending that may be left out."""
    found: set[str] = set()
    for path in paths:
        folder, _, name = path.rpartition("/")
        found |= {name, folder.rpartition("/")[2]}
        found |= {name.removesuffix(ending) for ending in ENDINGS if ending}
    return frozenset(found)


def _paths(text: str) -> str:
    """The text with paths as they are written elsewhere: no variable before the first slash, no backslashes."""
    return _PREFIX.sub("", text.replace("\\\n", " ").replace("\\", "/"))


@lru_cache(maxsize=1024)
def _words(text: str) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            word
            for word in _WORD.findall(_paths(text[:MAX_SCANNED]))
            if "." in word or "/" in word or len(word) >= SHORT
        )
    )


@lru_cache(maxsize=1024)
def _commands(text: str) -> tuple[str, ...]:
    """The pieces that begin with a program which reads files by their names."""
    plain = dict.fromkeys(_COMMAND.findall(text[:MAX_SCANNED]))
    found = dict.fromkeys((*plain, *filter(None, map(unwrapped, plain))))
    return tuple(
        one
        for one in found
        if (name := posixpath.basename(one.split()[0])) in READ_BY
        or name in RUNNERS
        or name in _NAMED_FILES
        or "-m" in one
    )


@lru_cache(maxsize=256)
def _imported(text: str, beside: str) -> tuple[str, ...]:
    found: list[str] = []
    for begin, names, plain in _IMPORT.findall(text[:MAX_SCANNED]):
        for module in (begin,) if begin else re.split(r"[,\s]+", plain):
            found += _targets(module, names, beside)
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=65_536)
def _joined(folder: str, path: str) -> str:
    joined = posixpath.normpath(posixpath.join(folder, path)) if folder else posixpath.normpath(path)
    return "" if joined == "." else joined.removeprefix("../").lstrip("/")


def _targets(module: str, names: str, beside: str) -> Iterator[str]:
    dots = len(module) - len(module.lstrip("."))
    rest = module.lstrip(".").replace(".", "/")
    if dots:
        roots: tuple[str, ...] = (posixpath.normpath(posixpath.join(beside, *[".."] * (dots - 1))),)
    else:
        roots = (beside, "")
    for root in roots:
        at = _joined(root if root != "." else "", rest) if rest else root
        if at:
            yield at
        for name in re.split(r"[,\s]+", names):
            if name:
                yield posixpath.join(at, name) if at else name


def digest(text: str) -> str:
    """`sha256:` and the digest of a text as UTF-8."""
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def closure(commands: Sequence[Command], files: Mapping[str, str], named: Sequence[str] = ()) -> dict[str, str]:
    """Digest of each file, or entry of a file, that these commands and the `named` files run; by path, sorted."""
    found = _Closure(files, stems=_stems(tuple(files)))
    for path in named:
        found.take(path)
    for command in commands:
        found.read(command.text, command.folder, command.beside)
    at = 0
    while at < len(found.line):
        path = found.line[at]
        at += 1
        if len(found.found) > MAX_FILES or len(files[path]) > MAX_SCANNED:
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
