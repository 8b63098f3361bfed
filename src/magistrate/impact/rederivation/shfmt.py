"""shfmt. Reads: scripts for sh and bash, by suffix. Configuration: every `.editorconfig` above the file, which is data.

`simplify` and `minify` refuse, and so does `ignore`. Words, quotes and signs stay, but for line
ends and semicolons. A script with a heredoc is not read: blanks are its text. Other shells (zsh,
mksh, bats) are left alone.
"""

from __future__ import annotations

from typing import Final

from magistrate.impact.base import BaseTree
from magistrate.impact.compiled import rx
from magistrate.impact.rederivation.family import Family, all_above, named_in_project
from magistrate.impact.rederivation.texts import shell_words

DARES: Final = rx(r"(?im)^[ \t]*(simplify|minify|ignore)[ \t]*=[ \t]*(?!false\b|unset\b)")
OWN: Final = rx(
    r"(?im)^[ \t]*(?:shell_variant|binary_next_line|switch_case_indent|space_redirects|keep_padding|function_next_line)\b"
)
INTERPRETERS: Final = rx(rb"#![ \t]*/(?:usr/)?bin/(?:env[ \t]+)?(?:ba|da)?sh\b")
TEXT: Final = rx(rb"<<|\bLINENO\b|\$0\b|\bBASH_SOURCE\b|\balias\b|\beval\b")
"""What makes the layout or the line numbers of a script part of what it does."""


def configs(path: str, base: BaseTree) -> tuple[str, ...]:
    """Every file that shfmt itself would read."""
    return all_above(path, base, ".editorconfig")


def objection(path: str, base: BaseTree) -> str | None:
    """Why the configuration says more than how lines look."""
    for config in configs(path, base):
        found = DARES.search(base.files[config])
        if found is not None:
            return f"`{config}` of the base sets `{found[1].lower()}`, which is more than how lines look"
    return None


def kept(path: str, before: bytes, after: bytes, base: BaseTree) -> str | None:
    """The same words, for the shells that shfmt reads by suffix; no text that is read by its layout."""
    if before.startswith(b"#!") and INTERPRETERS.match(before) is None:
        return "it is a script for another shell"
    if TEXT.search(before) or TEXT.search(after):
        return "it has a heredoc, an alias, `eval`, or reads its own lines"
    return shell_words(path, before, after, base)


FAMILY: Final = Family(
    rule="shfmt/1", program="shfmt", suffixes=(".sh", ".bash"),
    tool=lambda _path, _base: "shfmt",
    used=lambda path, base: named_in_project("shfmt", base) or any(OWN.search(base.files[one]) for one in configs(path, base)),
    configs=configs, objection=objection, kept=kept,
)  # fmt: skip
