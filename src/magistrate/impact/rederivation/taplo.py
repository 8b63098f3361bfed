"""taplo. Reads: TOML. Configuration: `.taplo.toml` or `taplo.toml` at the root, TOML with `formatting` alone.

`include`, `exclude`, rules, schemas and plugins refuse. Values, their order and their types stay,
whatever the options say. Lock files are nobody's to format.
"""

from __future__ import annotations

import tomllib
from typing import Final

from magistrate.impact.base import BaseTree
from magistrate.impact.rederivation.family import Family, named_in_project
from magistrate.impact.rederivation.texts import same_toml

CONFIG_NAMES: Final = (".taplo.toml", "taplo.toml")


def configs(path: str, base: BaseTree) -> tuple[str, ...]:
    """At the root, where taplo is started; the first of the two names."""
    del path
    return tuple(name for name in CONFIG_NAMES if name in base.files)[:1]


def objection(path: str, base: BaseTree) -> str | None:
    """Why the configuration says more than how lines look."""
    if "lock" in path.rsplit("/", 1)[-1].lower():
        return "it is a lock file"
    for config in configs(path, base):
        try:
            other = set(tomllib.loads(base.files[config])) - {"formatting"}
        except tomllib.TOMLDecodeError:
            return f"`{config}` of the base is not readable"
        if other:
            return f"`{config}` of the base sets `{min(other)}`, which is more than how lines look"
    return None


FAMILY: Final = Family(
    rule="taplo/1", program="taplo", suffixes=(".toml",), settings=frozenset(CONFIG_NAMES),
    tool=lambda _path, _base: "taplo",
    used=lambda path, base: bool(configs(path, base)) or named_in_project("taplo", base),
    configs=configs, objection=objection, kept=same_toml,
)  # fmt: skip
