"""Which other modules a source text names in its imports, as they are written there.

Rule kept: rather one too many than one too few. What stands in a string or a comment and looks like an import
counts; an import whose name is only known when it runs does not, and no radius claims to know those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import Final

from magistrate.impact.base import KEPT_TEXTS
from magistrate.impact.compiled import rx


class Tongue(StrEnum):
    """Languages whose imports are read."""

    PYTHON = "python"
    ECMASCRIPT = "ecmascript"
    GO = "go"
    JAVA = "java"
    RUST = "rust"


ENDINGS: Final = {
    ".py": Tongue.PYTHON, ".pyi": Tongue.PYTHON, ".js": Tongue.ECMASCRIPT, ".mjs": Tongue.ECMASCRIPT, ".cjs": Tongue.ECMASCRIPT,
    ".jsx": Tongue.ECMASCRIPT, ".ts": Tongue.ECMASCRIPT, ".mts": Tongue.ECMASCRIPT, ".cts": Tongue.ECMASCRIPT,
    ".tsx": Tongue.ECMASCRIPT, ".vue": Tongue.ECMASCRIPT, ".svelte": Tongue.ECMASCRIPT, ".go": Tongue.GO, ".java": Tongue.JAVA,
    ".kt": Tongue.JAVA, ".kts": Tongue.JAVA, ".scala": Tongue.JAVA, ".groovy": Tongue.JAVA, ".rs": Tongue.RUST,
}  # fmt: skip
MAX_TEXT: Final = 4_000_000
_PYTHON: Final = rx(
    r"(?:^|[;:])[ \t]*(?:from[ \t]*(?P<dots>[.]*)[ \t]*(?P<module>[\w.]*)[ \t]+import[ \t]*(?P<names>\([^)]*\)|(?:[^\n#;\\]|\\\r?\n)*)|import[ \t]+(?P<plain>(?:[^\n#;\\]|\\\r?\n)*))",
    re.MULTILINE,
)
_DYNAMIC: Final = rx(r"(?:import_module|__import__)\(\s*[\"']([\w.]+)[\"']")
_SCRIPT: Final = rx(r"\b(?:from|import|require)\b\s*\(?\s*[\"'`]([^\"'`\n]{1,300})[\"'`]")
_GO: Final = rx(r"^import\s*(?:\((?P<many>[^)]*)\)|(?:[\w.]+\s+)?\"(?P<one>[^\"\n]+)\")", re.MULTILINE)
_JAVA: Final = rx(r"^[ \t]*import[ \t]+(?:static[ \t]+)?(\w+(?:\.\w+)*(?:\.\*|\.\{[^}]*\}|\._)?)", re.MULTILINE)
_RUST_MOD: Final = rx(r"^[ \t]*(?:pub(?:\([^)]*\))?[ \t]+)?mod[ \t]+(\w+)[ \t]*;", re.MULTILINE)
_RUST_USE: Final = rx(r"\b(?:use|extern[ \t]+crate)[ \t]+([^;]{1,2000});|\b((?:crate|super|self)(?:::\w+)+)")


def tongue_of(path: str) -> Tongue | None:
    """The language of a file by its ending; None: none whose imports are read."""
    dot = path.rfind(".")
    return ENDINGS.get(path[dot:].lower()) if dot >= 0 else None


@lru_cache(maxsize=16 * KEPT_TEXTS)
def imports_of(tongue: Tongue, text: str) -> tuple[str, ...]:
    """Every name of a module, as its language writes it; of Python `module:name` for what may be either."""
    return tuple(dict.fromkeys(_READERS[tongue](text[:MAX_TEXT])))


def _python(text: str) -> Iterator[str]:
    at = text.find("import")
    done = -1
    while at >= 0:
        start = text.rfind("\n", 0, at) + 1
        if at > done:
            for found in _PYTHON.finditer(text, start, _line_end(text, at)):
                done = max(done, found.end())
                yield from _python_names(found)
        at = text.find("import", at + 6)
    if "import_module" in text or "__import__" in text:
        yield from (found[1] for found in _DYNAMIC.finditer(text))


def _line_end(text: str, at: int) -> int:
    """The end of the line, or of the names in brackets that begin on it."""
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    opened = text.find("(", at, end)
    if opened >= 0:
        closed = text.find(")", opened)
        return len(text) if closed < 0 else max(end, closed + 1)
    while end < len(text) and text[end - 1] in "\\\r" and text[:end].rstrip("\r")[-1:] == "\\":
        after = text.find("\n", end + 1)
        end = len(text) if after < 0 else after
    return end


def _python_names(found: re.Match[str]) -> Iterator[str]:
    if found["plain"] is not None:
        for one in found["plain"].replace("\\", " ").split(","):
            name = one.split(" as ")[0].strip()
            if name:
                yield name
        return
    module = found["dots"] + found["module"]
    if not module:
        return
    names = re.sub(r"#[^\n]*", "", found["names"]).strip("() \t\n\r\\").split(",")
    for one in names:
        name = one.split(" as ")[0].strip(" \t\n\r\\()")
        yield f"{module}:{name}" if name and name != "*" else module


def _script(text: str) -> Iterator[str]:
    return (found[1] for found in _SCRIPT.finditer(text))


def _go(text: str) -> Iterator[str]:
    for found in _GO.finditer(text):
        if found["one"]:
            yield found["one"]
        else:
            yield from re.findall(r"\"([^\"\n]+)\"", found["many"] or "")


def _java(text: str) -> Iterator[str]:
    return (found[1].replace("._", ".*") for found in _JAVA.finditer(text))


def _rust(text: str) -> Iterator[str]:
    for found in _RUST_MOD.finditer(text):
        yield f"mod {found[1]}"
    for found in _RUST_USE.finditer(text):
        tree = re.sub(r"\s+as\s+\w+", "", found[1] or found[2])
        yield from _rust_paths("".join(tree.split()), 0)


def _rust_paths(tree: str, depth: int) -> Iterator[str]:
    """`a::{b::c,d}` as `a::b::c` and `a::d`; deeper than is sane as what stands in front."""
    head, opened, rest = tree.partition("{")
    if not opened or depth > 8:  # noqa: PLR2004 - deeper than anybody writes
        yield head.strip(":")
        return
    level, piece = 1, ""
    for sign in rest:
        level += (sign == "{") - (sign == "}")
        if level == 0 or (level == 1 and sign == ","):
            yield from _rust_paths(head + piece, depth + 1)
            piece = ""
            if level == 0:
                return
        else:
            piece += sign


_READERS: Final = {
    Tongue.PYTHON: _python, Tongue.ECMASCRIPT: _script, Tongue.GO: _go, Tongue.JAVA: _java, Tongue.RUST: _rust,
}  # fmt: skip
