"""clang-format. Reads: C and C++. Configuration: the closest `.clang-format` or `_clang-format`, and there must be one.

YAML data; one that goes on in a parent's refuses. Only blanks and line ends may change, whatever
the style says: sorted includes, inserted braces and moved qualifiers are left to people. Lines of
the preprocessor keep their line: a line end is a sign there. `// clang-format off` holds as the tool does it.
"""

from __future__ import annotations

import re
from typing import Final

from magistrate.impact.base import BaseTree
from magistrate.impact.rederivation.family import Family, ignored_by, nearest
from magistrate.impact.rederivation.texts import only_blanks

CONFIG_NAMES: Final = (".clang-format", "_clang-format")
DIRECTIVE: Final = re.compile(rb"(?m)^[ \t]*(?:#|%:|\?\?=)(?:[^\n\\]|\\(?:\r?\n|.))*")
TEXT: Final = re.compile(rb"//[^\n]*\\\r?\n|\?\?/|\bR\"|\b(?:asm|__asm__|__asm)\b|__LINE__")


def configs(path: str, base: BaseTree) -> tuple[str, ...]:
    """The file that clang-format itself would take."""
    return nearest(path, base, CONFIG_NAMES)[:1]


def objection(path: str, base: BaseTree) -> str | None:
    """Why the style is not one file of plain data, or does not reach the path."""
    for config in configs(path, base):
        text = base.files[config]
        if re.search(r"(?i)InheritParentConfig|\bfile:", text) or not text.isascii():
            return f"`{config}` of the base goes on in another file"
    return ignored_by(path, base, (".clang-format-ignore",))


def kept(before: bytes, after: bytes, base: BaseTree) -> str | None:
    """Only blanks; the same directives, each with its own words; nothing whose line or text is a value."""
    if TEXT.search(before) or TEXT.search(after):
        return "it has raw strings, assembler, continued comments or line numbers, whose layout is a value"
    old, new = (
        [b" ".join(found.replace(b"\\", b" ").split()) for found in DIRECTIVE.findall(side)] for side in (before, after)
    )
    if old != new:
        return "a line of the preprocessor changes in more than blanks"
    return only_blanks(before, after, base)


FAMILY: Final = Family(
    rule="clang-format/1", program="clang-format", suffixes=(".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx"),
    settings=frozenset({*CONFIG_NAMES, ".clang-format-ignore"}),
    tool=lambda _path, _base: "clang-format", used=lambda path, base: bool(configs(path, base)),
    configs=configs, objection=objection, kept=kept,
)  # fmt: skip
