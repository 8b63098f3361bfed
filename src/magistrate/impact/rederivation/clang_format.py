"""clang-format. Reads: C and C++. Configuration: the closest `.clang-format` or `_clang-format`, and there must be one.

YAML data; one that goes on in a parent's refuses. Only blanks and line ends may change, whatever
the style says: sorted includes, inserted braces and moved qualifiers are left to people. Lines of
the preprocessor keep their line: a line end is a sign there. `// clang-format off` holds as the tool does it.
"""

from __future__ import annotations

import re
from typing import Final

from magistrate.impact.base import BaseTree
from magistrate.impact.compiled import rx
from magistrate.impact.rederivation.family import Family, ignored_by, nearest
from magistrate.impact.rederivation.texts import only_blanks

READ: Final = (".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx")
SAYS: Final = rx(rb"(?m)^[ \t]*#[ \t]*define[ \t]+(\w+)\([^\n]*?(?<!#)#(?!#)")
CALL: Final = rx(r"\b([A-Za-z_]\w*)[ \t]*\(")
CONFIG_NAMES: Final = (".clang-format", "_clang-format")
DIRECTIVE: Final = rx(rb"(?m)^[ \t]*(?:#|%:|\?\?=)(?:[^\n\\]|\\(?:\r?\n|.))*")
TEXT: Final = rx(rb"//[^\n]*\\\r?\n|\?\?/|\bR\"|\b(?:asm|__asm__|__asm)\b|__LINE__")


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


def kept(path: str, before: bytes, after: bytes, base: BaseTree) -> str | None:
    """Only blanks; the same directives, each with its own words; nothing whose line or text is a value."""
    if TEXT.search(before) or TEXT.search(after):
        return "it has raw strings, assembler, continued comments or line numbers, whose layout is a value"
    old, new = (
        [b" ".join(one.replace(b"\\", b" ").split()) for one in DIRECTIVE.findall(side)] for side in (before, after)
    )
    if old != new:
        return "a line of the preprocessor changes in more than blanks"
    saying = _saying(base) | {found[1].decode() for found in SAYS.finditer(before)}
    if _said(before.decode("utf-8", "replace"), saying) != _said(after.decode("utf-8", "replace"), saying):
        return "blanks change in the argument of a macro, which may make a text of it"
    return only_blanks(path, before, after, base)


def _saying(base: BaseTree) -> frozenset[str]:
    """Macros of the repository that make a text of an argument; found once per base."""
    key = "macros that say their arguments"
    if key not in base.looked_up:
        texts = (text for path, text in base.files.items() if path.endswith(READ) and "define" in text)
        base.looked_up[key] = frozenset(found[1].decode() for text in texts for found in SAYS.finditer(text.encode()))
    return frozenset(str(one) for one in base.looked_up[key])  # type: ignore[attr-defined]


def _said(text: str, saying: frozenset[str]) -> list[str]:
    """Calls of what is or may be a macro, with every run of blanks as one."""
    found = []
    for call in CALL.finditer(text):
        if (
            call[1] in saying
            or call[1].isupper()
            or "assert" in call[1].lower()
            or call[1].startswith(("EXPECT", "ASSERT"))
        ):
            depth, at = 0, call.end() - 1
            while at < len(text):
                depth += (text[at] == "(") - (text[at] == ")")
                at += 1
                if depth == 0:
                    break
            found.append(" ".join(text[call.end() - 1 : at].split()))
    return found


FAMILY: Final = Family(
    rule="clang-format/1", program="clang-format", suffixes=READ,
    settings=frozenset({*CONFIG_NAMES, ".clang-format-ignore"}),
    tool=lambda _path, _base: "clang-format", used=lambda path, base: bool(configs(path, base)),
    configs=configs, objection=objection, kept=kept,
)  # fmt: skip
