"""Which file of a base tree reads another line by line: `grep`, `sed` and the like, that see layout and comments.

Rule kept (R17): equal values are one program only for readers that parse. A file that a command of
the base names beside such a tool is read as text, and no proof of equality holds for it.
"""

from __future__ import annotations

import re
from typing import Final

from magistrate.impact.base import BaseTree
from magistrate.impact.compiled import rx

LINE_TOOLS: Final = rx(
    r"(?<![\w./-])(?:/usr/bin/|/bin/)?(?:[efz]?grep|rg|sed|[gmn]?awk|cut|head|tail|wc|tr|sort|uniq|diff|cmp|comm|paste|tac|nl|perl|"
    r"md5sum|sha\d+sum|shasum|cksum|b2sum|xxd|mapfile|readarray|envsubst|openssl|gpg|cosign|minisign|signify|findstr|"
    r"select-string|get-content|ssh-keygen)(?=[\s;|)\"']|$)|\bwhile\s+(?:ifs=\S*\s+)?read\b|\.readlines?\(|\.splitlines\(|\blinecache\b"
)
MAX_LINE: Final = 4_000
CONTINUED: Final = 12
"""Lines joined by a backslash that are looked at together."""


def read_by_line(name: str, base: BaseTree) -> str | None:
    """The first file of the base that names a file (last component, lower case) beside a tool that reads lines."""
    pattern = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)")
    for path, text in sorted(base.lowered.items()):
        if name in text and any(_beside_a_tool(text, found.start()) for found in pattern.finditer(text)):
            return path
    return None


def _beside_a_tool(text: str, at: int) -> bool:
    start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
    for _ in range(CONTINUED):
        if start < 2 or not text[:start].rstrip("\r\n").endswith("\\"):  # noqa: PLR2004 - a line end, and what it ends
            break
        start = text.rfind("\n", 0, start - 1) + 1
    end = len(text) if end < 0 else end
    for _ in range(CONTINUED):
        if end >= len(text) or not text[start:end].rstrip("\r").endswith("\\"):
            break
        following = text.find("\n", end + 1)
        end = len(text) if following < 0 else following
    return LINE_TOOLS.search(text[max(start, at - MAX_LINE) : min(end, at + MAX_LINE)]) is not None
