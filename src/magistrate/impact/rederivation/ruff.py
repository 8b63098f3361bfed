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
from magistrate.impact.python_imports import atoms_of, is_inert, shadowed
from magistrate.impact.rederivation.family import Family, nearest
from magistrate.impact.rederivation.texts import any_python, same_python

CONFIG_NAMES: Final = (".ruff.toml", "ruff.toml", "pyproject.toml")
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


def imports_stay(before: bytes, after: bytes, base: BaseTree) -> str | None:
    """Heads and templates, and of the imports only those go whose modules do nothing when they are loaded."""
    why = any_python(before, after)
    if why is not None:
        return why
    old, new = atoms_of(before), atoms_of(after)
    for atom in sorted(old - new):
        if not is_inert(atom.module) or (base.known and shadowed(atom.module, base)):
            return f"the import of `{atom.module}` goes, and loading it may do more than give a name"
    return None


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
