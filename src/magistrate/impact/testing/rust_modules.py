"""Which files of a crate are modules that the compiler takes in for tests alone (`#[cfg(test)] mod x;`).

Rule kept (R16, R20): every declaration that may mean the file stands right behind `cfg(test)`, or in
a file that is itself such a module; no attribute gives its path to another module. What a macro
declares is not known, and then no module of that folder is for tests alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from magistrate.impact.base import KEPT_TEXTS, BaseTree
from magistrate.impact.compiled import rx

DECLARED: Final = rx(r"\bmod\s+(?:r#)?(\w+|\$)")
GUARDED: Final = rx(
    r"^[ \t]*#\[cfg\((?:test|all\(\s*test\s*(?:,[^\]\n]*)?\))\)\][ \t]*\n?(?:[ \t]*#\[[^\]\n]*\][ \t]*\n?)*[ \t]*(?:pub(?:\([^)\n]*\))?[ \t]+)?\Z",
    re.MULTILINE,
)
HERE: Final = rx(r"\s*\{")
PLACED: Final = rx(r"\"([^\"\n]*\.rs)\"")
"""A name in quotes: given to `path`, `include!` or a target."""
BLOCKS: Final = rx(r"/\*.*?\*/", re.DOTALL)
BEFORE: Final = 400
DEEPEST: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Crates:
    """What the Rust files of a base declare: by file the modules, and whether each is guarded; names given by path."""

    declared: dict[str, dict[str, bool]] = field(default_factory=dict)
    by_folder: dict[str, list[str]] = field(default_factory=dict)
    placed: frozenset[str] = frozenset()


def only_for_tests(path: str, base: BaseTree) -> bool:
    """Whether the base takes this file in when it compiles tests, and never else."""
    crates = _crates(base)
    for _ in range(DEEPEST):
        folder, _, name = path.rpartition("/")
        module = name.removesuffix(".rs")
        if module == "mod":
            folder, _, module = folder.rpartition("/")
        if module in {"lib", "main", "build", ""} or name in crates.placed or f"{module}.rs" in crates.placed:
            return False
        if not _inside_a_crate(folder, base):
            return False
        near = [*crates.by_folder.get(folder, ()), *([f"{folder}.rs"] if f"{folder}.rs" in crates.declared else [])]
        parents = [one for one in near if one != path]
        said = [crates.declared[one].get(module) for one in parents]
        if any("$" in crates.declared[one] for one in parents) or not any(one is not None for one in said):
            return False
        if all(one is not False for one in said):
            return True
        open_ones = [one for one, guarded in zip(parents, said, strict=True) if guarded is False]
        if len(open_ones) != 1:
            return False
        path = open_ones[0]
    return False


def _inside_a_crate(folder: str, base: BaseTree) -> bool:
    parts = folder.split("/")
    if "bin" in parts or "examples" in parts or "src" not in parts:
        return False
    crate = "".join(f"{part}/" for part in parts[: len(parts) - parts[::-1].index("src") - 1])
    return crate + "Cargo.toml" in base.files


def _crates(base: BaseTree) -> Crates:
    kept = base.looked_up.get("modules of rust")
    if isinstance(kept, Crates):
        return kept
    declared: dict[str, dict[str, bool]] = {}
    by_folder: dict[str, list[str]] = {}
    placed: set[str] = set()
    for path, text in sorted(base.files.items()):
        if path.endswith(".rs"):
            declared[path] = _modules(text)
            by_folder.setdefault(path.rpartition("/")[0], []).append(path)
        if path.endswith((".rs", "Cargo.toml")):
            placed |= _placed(text)
    crates = Crates(declared=declared, by_folder=by_folder, placed=frozenset(placed))
    base.looked_up["modules of rust"] = crates
    return crates


@lru_cache(maxsize=KEPT_TEXTS)
def _modules(text: str) -> dict[str, bool]:
    """The modules that a text declares, and whether each is guarded; not to be changed by anyone."""
    modules: dict[str, bool] = {}
    shown = {found[1] for found in DECLARED.finditer(BLOCKS.sub(" ", text))}
    for found in DECLARED.finditer(text):
        if not HERE.match(text, found.end()):
            before = text[max(0, found.start() - BEFORE) : found.start()]
            modules[found[1]] = modules.get(found[1], True) and GUARDED.search(before) is not None
    return {name: guarded for name, guarded in modules.items() if name in shown or not guarded}


@lru_cache(maxsize=KEPT_TEXTS)
def _placed(text: str) -> frozenset[str]:
    """The last parts of the names in quotes that end with `.rs`."""
    if '.rs"' not in text:
        return frozenset()
    return frozenset(one.rpartition("/")[2] for one in PLACED.findall(text))
