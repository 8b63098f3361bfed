"""rustfmt. Reads: Rust. Configuration: the closest `rustfmt.toml` or `.rustfmt.toml`; the edition of `Cargo.toml`.

Of the configuration, keys that say how lines look; `ignore`, version requirements and options that
rewrite comments, attributes or expressions refuse. Words may change places only as rustfmt sorts
lists of `use` and `mod`; where a macro is defined or taken in by text order, nothing may.
"""

from __future__ import annotations

import tomllib
from typing import Final

from magistrate.impact.base import BaseTree
from magistrate.impact.compiled import rx
from magistrate.impact.rederivation.family import Family, nearest
from magistrate.impact.rederivation.texts import same_words, same_words_in_order

CONFIG_NAMES: Final = ("rustfmt.toml", ".rustfmt.toml")
LOOKS: Final = frozenset(
    {
        "max_width", "hard_tabs", "tab_spaces", "newline_style", "use_small_heuristics", "fn_call_width", "attr_fn_like_width",
        "struct_lit_width", "struct_variant_width", "array_width", "chain_width", "single_line_if_else_max_width",
        "single_line_let_else_max_width", "reorder_imports", "reorder_modules", "match_arm_leading_pipes", "fn_params_layout",
        "match_block_trailing_comma", "edition", "style_edition", "short_array_element_width_threshold", "color", "merge_derives",
        "fn_args_layout", "version", "disable_all_formatting",
    }
)  # fmt: skip
EDITIONS: Final = ("2015", "2018", "2021", "2024")
EDITION: Final = rx(r"(?m)^[ \t]*edition[ \t]*=[ \t]*[\"'](20\d\d)[\"']")
TEXT_ORDER: Final = rx(rb"macro_rules\s*!|macro_use|\binclude\s*!|#\s*!?\s*\[\s*path\b")


def configs(path: str, base: BaseTree) -> tuple[str, ...]:
    """The closest configuration; two in one folder are both named, and refused."""
    return nearest(path, base, CONFIG_NAMES)


def edition(path: str, base: BaseTree) -> str:
    """Of the configuration, else of the closest `Cargo.toml` that says one, else the first."""
    for config in (
        *configs(path, base),
        *nearest(path, base, ("Cargo.toml",), lambda _n, text: EDITION.search(text) is not None),
    ):
        found = EDITION.search(base.files[config])
        if found is not None and found[1] in EDITIONS:
            return found[1]
    return EDITIONS[0]


def objection(path: str, base: BaseTree) -> str | None:
    """Why the configuration says more than how lines look."""
    found = configs(path, base)
    if len(found) > 1:
        return "the base has two configurations of rustfmt in one folder"
    for config in found:
        try:
            keys = set(tomllib.loads(base.files[config]))
        except tomllib.TOMLDecodeError:
            return f"`{config}` of the base is not readable"
        if keys - LOOKS:
            return f"`{config}` of the base sets `{min(keys - LOOKS)}`, which is more than how lines look"
    return None


def kept(path: str, before: bytes, after: bytes, base: BaseTree) -> str | None:
    """The same words; in the same order where text order has a meaning."""
    order = TEXT_ORDER.search(before) is not None
    return same_words_in_order(path, before, after, base) if order else same_words(path, before, after, base)


FAMILY: Final = Family(
    rule="rustfmt/1", program="rustfmt", suffixes=(".rs",), settings=frozenset(CONFIG_NAMES),
    tool=lambda path, base: f"rustfmt-{edition(path, base)}", used=lambda _path, _base: True,
    configs=configs, objection=objection, kept=kept,
)  # fmt: skip
