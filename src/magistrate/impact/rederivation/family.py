"""What a family of tools is to the prover of re-derivation, and what the families share.

Rule kept (R21): configuration is data from the base tree, of an allow-listed shape; what could
run code, read other files, widen what the tool dares, or keep the tool away from a file refuses.
The output of a formatter is believed only where the text keeps what a formatter may never change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from magistrate.impact.base import BaseTree
from magistrate.impact.compiled import rx

STEERING: Final = frozenset(
    {
        ".editorconfig", ".gitattributes", ".gitignore", ".pre-commit-config.yaml", "cargo.lock", "cargo.toml", "go.mod",
        "package-lock.json", "package.json", "package.yaml", "pnpm-lock.yaml", "poetry.lock", "pyproject.toml", "rust-toolchain",
        "rust-toolchain.toml", "setup.cfg", "tox.ini", "uv.lock", "yarn.lock",
    }
)  # fmt: skip
"""Names (lower case) that may say which tool runs, in which version, and how."""
NAMING: Final = rx(
    r"(?i)(?:^|/)(?:\.pre-commit-config\.yaml|pyproject\.toml|setup\.cfg|tox\.ini|noxfile\.py|[^/]*requirements[^/]*\.(?:txt|in)|"
    r"package\.json|makefile|justfile|taskfile\.ya?ml|\.lintstagedrc[^/]*|lefthook\.ya?ml|contributing\.(?:md|rst)|"
    r"\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.yml|\.circleci/config\.yml|\.trunk/trunk\.yaml|\.?mise\.toml)\Z"
)
"""Files in which a project says what tools it uses."""
FLAT: Final = rx(r"(?:---|(\w+)[ \t]*:[ \t]*(?:\"([^\"\\]*)\"|'([^'\\]*)'|([\w. -]*)))[ \t]*(?:#.*)?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One tool with one verb: what it reads, what steers it, what its output must keep."""

    rule: str
    """As in `black/1`."""
    program: str
    """As people know it; a step that touches a file of this name may steer it."""
    suffixes: tuple[str, ...]
    settings: frozenset[str] = frozenset()
    """Names of files (lower case) that configure it or keep it away from others."""
    tool: Callable[[str, BaseTree], str]
    """The kind of run, a key of the table of runners: path, base."""
    used: Callable[[str, BaseTree], bool]
    """Whether the base says that this tool is meant for such files."""
    configs: Callable[[str, BaseTree], tuple[str, ...]]
    """The files of the base that the tool itself would take for this path."""
    objection: Callable[[str, BaseTree], str | None]
    """Why its configuration for this path is not plain data that lets it work, or None."""
    kept: Callable[[str, bytes, bytes, BaseTree], str | None]
    """What speaks against the new text whoever made it, or None: path, old bytes, new bytes, base."""

    def reads(self, name: str) -> bool:
        """By suffix of the name (lower case)."""
        return name.endswith(self.suffixes)

    def steered_by(self, name: str) -> bool:
        """Whether a file of this name (last component, lower case) may steer the tool."""
        return name in STEERING or name in self.settings or self.program in name


def above(path: str) -> tuple[str, ...]:
    """Folders of a path with a slash behind, the closest first, the root (empty) last."""
    folders = path.split("/")[:-1]
    return tuple("/".join((*folders[:depth], "")) for depth in range(len(folders), -1, -1))


def nearest(
    path: str, base: BaseTree, names: Iterable[str], counts: Callable[[str, str], bool] = lambda _name, _text: True
) -> tuple[str, ...]:
    """The closest folder's files of these names that count (name, text), in the order of the names."""
    named = tuple(names)
    for folder in above(path):
        found = [
            folder + name for name in named if folder + name in base.files and counts(name, base.files[folder + name])
        ]
        if found:
            return tuple(found)
    return ()


def all_above(path: str, base: BaseTree, name: str) -> tuple[str, ...]:
    """Every file of a name on the way to the root, sorted."""
    return tuple(sorted(folder + name for folder in above(path) if folder + name in base.files))


def named_in_project(word: str, base: BaseTree) -> bool:
    """Whether the project names a tool where projects say what they use; asked once per base."""
    key = f"rederivation names {word}"
    if key not in base.looked_up:
        pattern = re.compile(rf"(?<![\w.-]){re.escape(word)}(?![\w-])")
        texts = (text for path, text in base.lowered.items() if word in text and NAMING.search(path))
        base.looked_up[key] = any(pattern.search(text) for text in texts)
    return bool(base.looked_up[key])


def flat_pairs(text: str) -> Mapping[str, str] | None:
    """YAML that is nothing but plain `key: value` lines, or None."""
    pairs: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        found = FLAT.match(line)
        if found is None or found[1] in pairs:
            return None
        if found[1]:
            pairs[found[1]] = next(value for value in (found[2], found[3], found[4], "") if value is not None).strip()
    return pairs


def may_be_ignored(path: str, lines: Iterable[str]) -> bool:
    """Whether a list in the style of `.gitignore` may name the path; sure only where it says no."""
    for line in lines:
        pattern = line.strip()
        if not pattern or pattern.startswith(("#", "!")):
            continue
        plain = re.sub(r"\\.|\[[^\]]*\]?|\{[^}]*\}?", "*", pattern)
        if all(piece in f"/{path}" for piece in re.split(r"[*?/]+", plain) if piece):
            return True
    return False


def ignored_by(path: str, base: BaseTree, names: Iterable[str]) -> str | None:
    """The first ignore file above a path that may name it."""
    for name in names:
        for place in all_above(path, base, name):
            if may_be_ignored(path, base.files[place].splitlines()):
                return f"`{place}` of the base may keep the tool away from this file"
    return None


def may_match(pattern: object, path: str) -> bool:
    """Whether a regular expression may match a path, without running it: any plain word of it in the path."""
    words = re.findall(r"\w+", str(pattern))
    return not words or any(word in path for word in words)
