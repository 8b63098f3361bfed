"""black. Reads: Python. Configuration: `[tool.black]` of the closest `pyproject.toml` that has it.

TOML with keys that only say how lines look; `code`, `fast`, `unstable` and what else would take
other input or dare more refuses. Paths that a pattern of the configuration may exclude are left
alone (the pattern is never run). `# fmt: off` and `# fmt: skip` hold as black itself does it. What
is more than layout to CPython's parser is refused, whatever black says.
"""

from __future__ import annotations

import tomllib
from typing import Final

from magistrate.impact.base import BaseTree
from magistrate.impact.rederivation.family import Family, may_match, named_in_project, nearest
from magistrate.impact.rederivation.texts import same_python

LOOKS: Final = frozenset(
    {
        "line-length", "target-version", "skip-string-normalization", "skip-magic-trailing-comma", "preview", "include",
        "exclude", "extend-exclude", "force-exclude", "quiet", "verbose", "color", "workers",
    }
)  # fmt: skip
EXCLUDES: Final = ("exclude", "extend-exclude", "force-exclude")


def configs(path: str, base: BaseTree) -> tuple[str, ...]:
    """The file that black itself would take."""
    return nearest(path, base, ("pyproject.toml",), lambda _name, text: "[tool.black]" in text)


def objection(path: str, base: BaseTree) -> str | None:
    """Why the configuration says more than how lines look, or excludes the file."""
    for config in configs(path, base):
        try:
            table = tomllib.loads(base.files[config])["tool"]["black"]
        except (tomllib.TOMLDecodeError, KeyError, TypeError):
            return f"`{config}` of the base is not readable"
        other = {key.replace("_", "-") for key in table} - LOOKS
        if other:
            return f"`{config}` of the base sets `{min(other)}` for black, which is more than how lines look"
        if any(may_match(table[key], path) for key in table if key.replace("_", "-") in EXCLUDES):
            return f"`{config}` of the base may keep black away from this file"
    return None


FAMILY: Final = Family(
    rule="black/1", program="black", suffixes=(".py", ".pyi"),
    tool=lambda _path, _base: "black",
    used=lambda path, base: bool(configs(path, base)) or named_in_project("black", base),
    configs=configs, objection=objection, kept=same_python,
)  # fmt: skip
