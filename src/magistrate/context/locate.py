"""Which files a finding touches, each with its reason.

Python imports are read with `ast`; nothing is imported or run. A file that does not parse is
left out of the import graph, and named in the answer, so that a gap is never silent.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from magistrate.domain.finding import Finding

_SOURCE_ROOTS: Final = ("src/", "lib/")
_IMPORT: Final = re.compile(r"\+[ \t]*(?:from|import)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """One file and why it is affected; `unreadable` marks files that could not be parsed."""

    path: str
    reason: str
    unreadable: bool = False


def affected_files(finding: Finding, files: Mapping[str, str]) -> tuple[Affected, ...]:
    """The file itself, what imports it, what it imports, and tests and texts that name it.

    Args:
        finding: the finding.
        files: texts of the tree by path (already redacted where they go to an agent).
    """
    target = finding.path
    reasons: dict[str, str] = {target: "the finding is here"} if target in files else {}
    modules = {name: path for path in sorted(files) for name in _module_names(path)}
    names = _module_names(target)
    unreadable: set[str] = set()
    for path, text in sorted(files.items()):
        if not path.endswith((".py", ".pyi")):
            continue
        imported = _imports(path, text)
        if imported is None:
            unreadable.add(path)
            continue
        if path == target:
            for name in sorted(imported):
                if (used := modules.get(name)) and used != target:
                    reasons.setdefault(used, f"imported by {target}")
        elif names & imported:
            kind = "test that imports" if _is_test(path) else "imports"
            reasons.setdefault(path, f"{kind} {target}")
    _mentions(target, files, reasons)
    found = [Affected(path=p, reason=r, unreadable=p in unreadable) for p, r in reasons.items()]
    found += [
        Affected(path=p, reason="could not be parsed, so its imports are unknown", unreadable=True)
        for p in sorted(unreadable - set(reasons))
    ]
    return tuple(found)


def needed_files(paths: Iterable[str], files: Mapping[str, str], diff: str) -> frozenset[str] | None:
    """The paths with every file that they import, and these in turn; None where that cannot be told.

    Args:
        paths: what a patch changes.
        files: the Python files of the tree before it.
        diff: the patch, whose added imports count too.
    """
    modules = {name: path for path in sorted(files) for name in _module_names(path)}
    added = _added_imports(diff)
    if added is None:
        return None
    reached, waiting = set(paths), list(paths)
    while waiting:
        path = waiting.pop()
        imported = _imports(path, files[path]) if path in files else set()
        if imported is None:
            return None
        fresh = {modules[name] for name in imported | added.get(path, set()) if name in modules} - reached
        reached |= fresh
        waiting += fresh
    return frozenset(reached)


def _added_imports(diff: str) -> dict[str, set[str]] | None:
    """What the added lines of each file import; None for a file or a line that is not understood."""
    added: dict[str, set[str]] = {}
    path = ""
    for line in diff.split("\n"):
        if line.startswith("+++ "):
            path = line[6:].rstrip("\t") if line.startswith("+++ b/") else ""
            if not path and line != "+++ /dev/null":
                return None
        elif path.endswith((".py", ".pyi")) and _IMPORT.match(line):
            imported = _imports(path, line[1:].strip())
            if imported is None:
                return None
            added.setdefault(path, set()).update(imported)
    return added


def _mentions(target: str, files: Mapping[str, str], reasons: dict[str, str]) -> None:
    stem = PurePosixPath(target).stem
    for path, text in sorted(files.items()):
        if path in reasons:
            continue
        if target in text:
            reasons[path] = f"names {target}"
        elif _is_test(path) and stem != "__init__" and (stem in PurePosixPath(path).stem or f"{stem}." in text):
            reasons[path] = f"test that names {stem}"


def _is_test(path: str) -> bool:
    pure = PurePosixPath(path)
    return pure.name.startswith("test_") or pure.stem.endswith("_test") or "tests" in pure.parts


def _module_names(path: str) -> set[str]:
    """Dotted names under which a file may be imported: from the root, `src/` or `lib/`."""
    if not path.endswith((".py", ".pyi")):
        return set()
    names = set()
    for root in ("", *_SOURCE_ROOTS):
        if path.startswith(root):
            parts = path[len(root) :].rsplit(".", 1)[0].split("/")
            names.add(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return names - {""}


def _imports(path: str, text: str) -> set[str] | None:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    package = path.rsplit(".", 1)[0].split("/")[:-1]
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                kept = package[: len(package) - node.level + 1]
                base = ".".join([*kept, *filter(None, [node.module])])
            found |= {base} | {f"{base}.{alias.name}".lstrip(".") for alias in node.names}
    return found
