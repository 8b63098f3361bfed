"""ruff: `format`, and the fixes it calls safe. Import sorting and removal of suppressions are kept out.

Reads: Python. Configuration: the closest of `.ruff.toml`, `ruff.toml`, `pyproject.toml` with
`[tool.ruff]`; TOML that names no other file and does not raise fixes to safe. Order of imports has
effects and a `noqa` is behaviour, so `I` and `RUF100` are never among the fixes; sorting is the
claim of `import_order`, which needs no run. An import may go only where loading the module does
nothing else: ruff calls its removal safe, yet other modules register, patch or connect.
"""

from __future__ import annotations

import tomllib
from typing import Any, Final

from magistrate.impact.base import BaseTree
from magistrate.impact.compiled import rx
from magistrate.impact.python_imports import atoms_of, may_go, shadowed
from magistrate.impact.python_unused import why_missed
from magistrate.impact.rederivation.family import Family, nearest
from magistrate.impact.rederivation.texts import any_python, same_python

CONFIG_NAMES: Final = (".ruff.toml", "ruff.toml", "pyproject.toml")
IMPORTING: Final = rx(r"[ \t]*(?:from[ \t]+[\w.]+[ \t]+import\b[^#;]*|import[ \t][\w., ]*)\Z")
FORBIDDEN_KEYS: Final = frozenset({"extend", "extend-safe-fixes", "unsafe-fixes", "required-version"})


def configs(path: str, base: BaseTree) -> tuple[str, ...]:
    """The file that ruff itself would take: the closest one, `.ruff.toml` first."""
    return nearest(path, base, CONFIG_NAMES, lambda name, text: name != "pyproject.toml" or "[tool.ruff" in text)[:1]


def objection(path: str, base: BaseTree) -> str | None:
    """Why the configuration is not plain data that binds only itself, or None."""
    for config in configs(path, base):
        try:
            tables: dict[str, Any] = tomllib.loads(base.files[config])
        except tomllib.TOMLDecodeError:
            return f"`{config}` of the base is not readable"
        if config.endswith("pyproject.toml"):
            tables = tables["tool"]["ruff"] if "ruff" in tables.get("tool", {}) else {}
        for table in (tables, tables.get("lint", {})):
            bad = FORBIDDEN_KEYS & set(table)
            if bad:
                return f"`{config}` of the base sets `{min(bad)}`, which widens what the tool reads or dares"
    return None


def imports_stay(path: str, before: bytes, after: bytes, base: BaseTree) -> str | None:
    """Heads and templates, and of the imports only those go whose modules do nothing when they are loaded."""
    why = any_python(before, after)
    if why is not None:
        return why
    left = atoms_of(after)
    still = {atom.bound for atom in left}
    moved = {atom for atom in atoms_of(before) - left if atom.bound in still}
    gone = atoms_of(before) - left - moved
    for atom in sorted(moved):
        if not may_go(atom) or shadowed(atom.module, base):
            return f"the import of `{atom.module}` goes, and loading it may do more than give a name"
    rest = "\n".join(row for row in after.decode().split("\n") if not IMPORTING.match(row))
    return why_missed(gone, path, rest, left, base) if gone else None


FORMAT: Final = Family(
    rule="ruff-format/1", program="ruff", suffixes=(".py", ".pyi"), settings=frozenset(CONFIG_NAMES),
    tool=lambda _path, _base: "ruff-format", used=lambda _path, _base: True,
    configs=configs, objection=objection, kept=same_python,
)  # fmt: skip
FIX: Final = Family(
    rule="ruff-fix/1", program="ruff", suffixes=(".py", ".pyi"), settings=frozenset(CONFIG_NAMES),
    tool=lambda _path, _base: "ruff-fix", used=lambda _path, _base: True,
    configs=configs, objection=objection, kept=imports_stay,
)  # fmt: skip
