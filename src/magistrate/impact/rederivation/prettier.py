"""prettier. Reads: JavaScript, TypeScript, CSS, SCSS, Less. Not Markdown, HTML, Vue or YAML: their blanks are content.

Configuration: the closest folder with one; plain JSON, flat YAML or TOML with keys that say how
lines look. A configuration that is a program, a `package.json` that names a shared one, plugins,
overrides, parsers and pragmas refuse, as do two configurations in one folder. `.editorconfig` above
the file is data and goes with the run; an ignore file that may name the path refuses. Languages
embedded in template literals are never formatted: their text is a value. Words stay, in order.
"""

from __future__ import annotations

import json
import tomllib
from typing import Any, Final

from magistrate.impact.base import BaseTree
from magistrate.impact.rederivation.family import Family, all_above, flat_pairs, ignored_by, named_in_project, nearest
from magistrate.impact.rederivation.texts import same_words_in_order

DATA: Final = (
    "package.json", ".prettierrc", ".prettierrc.json", ".prettierrc.yaml", ".prettierrc.yml", ".prettierrc.toml",
)  # fmt: skip
OTHER: Final = (
    "package.yaml", ".prettierrc.json5", *(f"{stem}.{end}" for stem in (".prettierrc", "prettier.config")
    for end in ("js", "mjs", "cjs", "ts", "mts", "cts")),
)  # fmt: skip
LOOKS: Final = frozenset(
    {
        "$schema", "printWidth", "tabWidth", "useTabs", "semi", "singleQuote", "quoteProps", "jsxSingleQuote", "trailingComma",
        "bracketSpacing", "bracketSameLine", "jsxBracketSameLine", "objectWrap", "arrowParens", "proseWrap", "endOfLine",
        "htmlWhitespaceSensitivity", "singleAttributePerLine", "vueIndentScriptAndStyle",
    }
)  # fmt: skip


def _own(path: str, base: BaseTree) -> tuple[str, ...]:
    return nearest(
        path,
        base,
        (*DATA, *OTHER),
        lambda name, text: not name.startswith("package.") or "prettier" in _keys(name, text),
    )


def _keys(name: str, text: str) -> frozenset[str]:
    """Of a package file; one that is not readable counts as having every key."""
    if name == "package.yaml":
        return frozenset({"prettier"} if "prettier" in text else ())
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return frozenset({"prettier"})
    return frozenset(found) if isinstance(found, dict) else frozenset()


def configs(path: str, base: BaseTree) -> tuple[str, ...]:
    """Its own, and every `.editorconfig` above."""
    return tuple(sorted((*_own(path, base), *all_above(path, base, ".editorconfig"))))


def objection(path: str, base: BaseTree) -> str | None:
    """Why the configuration is not one file of plain data."""
    found = _own(path, base)
    if len(found) > 1:
        return "the base has two configurations of prettier in one folder"
    for config in found:
        name = config.rsplit("/", 1)[-1]
        if name in OTHER:
            return f"`{config}` of the base is a program, or no plain data"
        table = _table(name, base.files[config])
        if table is None:
            return f"`{config}` of the base is no plain list of settings"
        if set(table) - LOOKS:
            return f"`{config}` of the base sets `{min(set(table) - LOOKS)}` for prettier, which is more than how lines look"
    return ignored_by(path, base, (".prettierignore", ".gitignore"))


def _table(name: str, text: str) -> dict[str, Any] | None:
    try:
        if name.endswith(".toml"):
            return tomllib.loads(text)
        if name.endswith((".yaml", ".yml")) or (name == ".prettierrc" and not text.lstrip().startswith("{")):
            pairs = flat_pairs(text)
            return None if pairs is None else dict(pairs)
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    table = found.get("prettier") if name == "package.json" and isinstance(found, dict) else found
    return table if isinstance(table, dict) else None


FAMILY: Final = Family(
    rule="prettier/1", program="prettier",
    suffixes=(".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".css", ".scss", ".less"),
    settings=frozenset({*DATA, *OTHER, ".prettierignore"}),
    tool=lambda _path, _base: "prettier",
    used=lambda path, base: bool(_own(path, base)) or named_in_project("prettier", base),
    configs=configs, objection=objection, kept=same_words_in_order,
)  # fmt: skip
