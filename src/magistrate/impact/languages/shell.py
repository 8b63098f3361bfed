"""Shell scripts: comments on lines of their own; layout is not proven.

A lexer of single lines says that no quote and no substitution goes on in the next line; with
heredocs, backticks, nested quotes it cannot tell, or a script that reads itself, there is no reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.languages.full_lines import FullLines, continues, lines_of, reading_of, verify_no_heredoc
from magistrate.impact.languages.notation import NARROW_MARKS, has_own_text
from magistrate.impact.languages.reading import Reading, UnreadableError

KEPT: Final = 4
_INNER: Final = r"""(?:[^()"'`\\#$\n]|\$(?![({'"\[])|\$\{[A-Za-z0-9_@*?!:-]+\}|'[^'\n]*'|"(?:[^"\\`$\n]|\\.|\$(?!\()(?!\{)|\$\{[A-Za-z0-9_@*?!:-]+\})*")*"""
_IN_QUOTES: Final = rf"""(?:[^"\\`$\n]|\\.|\$(?![({{])|\$\{{[A-Za-z0-9_@*?!#%/:.,^=+\- ]+\}}|\$\({_INNER}\))*"""
LINE: Final = rx(
    rf"""(?:[^"'`\\#$\n]|\\.|(?<=[^\s;|&()])#|\$(?![({{'"\[])|\$\{{[A-Za-z0-9_@*?!#%/:.,^=+\- ]+\}}|\$\((?!\(){_INNER}\)"""
    rf"""|\$\(\([A-Za-z0-9_+*/% $-]*\)\)|'[^'\n]*'|"{_IN_QUOTES}")*(?:(?:(?<=[\s;|&()])(?<!\\[\s;|&()])|(?<![\s\S]))#.*)?\\?\Z"""
)
ITSELF: Final = rx(r"\$\{?(?:0|BASH_SOURCE|BASH_LINENO|BASH_ARGV0|LINENO)\b|\$_\b|/proc/|/dev/fd/")
FOLDER: Final = rx(
    r"""\bdirname[ \t]+(?:--[ \t]+)?"?\$(?:0|\{0\}|BASH_SOURCE|\{BASH_SOURCE(?:\[0\])?\})(?![0-9A-Za-z_])"?"""
)
OWN_NAME: Final = rx(r"""\$\(basename[ \t]+(?:--[ \t]+)?"?\$(?:0|\{0\})"?\)""")
SAID: Final = rx(r"[ \t]*(?:echo|printf)\b(?:[^;|&<>`$]|\$(?!\())*\Z")
BLOCKS: Final = rx(r"(?m)###[ \t]*BEGIN INIT INFO|^#[ \t]*chkconfig:")


@lru_cache(maxsize=KEPT)
def read_text(content: bytes) -> Reading:
    """Lines and comments.

    Raises:
        UnreadableError: where lines may belong together, or the script may read its own text.
    """
    lines = lines_of(content, NARROW_MARKS)
    verify_no_heredoc(lines)
    _verify_not_itself(lines)
    comments: set[int] = set()
    continued = False
    for number, line in enumerate(lines):
        if line.lstrip(" \t").startswith("#") and not continued:
            comments.add(number)
            continue
        if LINE.match(line) is None or line.count("((") > line.count("))"):
            raise UnreadableError(f"line {number + 1}: it may go on in the next line")
        continued = continues(line)
    return reading_of(lines, comments)


def _verify_not_itself(lines: Sequence[str]) -> None:
    if BLOCKS.search("\n".join(lines)):
        raise UnreadableError("it has a comment block that init systems read")
    for number, line in enumerate(lines, 1):
        if ITSELF.search(FOLDER.sub("", line)) and not SAID.match(OWN_NAME.sub("", line)):
            raise UnreadableError(f"line {number}: the script may read its own text, comments included")


def _named(name: str) -> bool:
    """By suffix; templates are not read."""
    return name.endswith((".sh", ".bash")) and has_own_text(name)


LANGUAGE: Final = FullLines(name="shell", named=_named, reader=read_text)
