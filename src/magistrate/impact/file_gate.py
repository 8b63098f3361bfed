"""The gate every file passes before a prover may look at it (R25).

Rule kept: a path that could escape or shadow another file, and hidden text in an added line,
are denials; odd modes, encodings, sizes and line ends only bar every proof, which leaves the
file `unknown`. Hidden text that stays in lines of a page that do not change bars nothing. References: git's `verify_path`, Unicode TR 36/55 (CVE-2021-42574).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from magistrate.domain.impact import Denial
from magistrate.domain.redaction import CUT_TOKEN
from magistrate.impact.base import PROSE, ChangedFile
from magistrate.impact.compiled import rx

MAX_BYTES: Final = 1_000_000
MAX_LINE: Final = 10_000
MAX_PATH: Final = 1_024
REGULAR: Final = frozenset({"100644", "100755"})
HIDDEN: Final = rx(
    "[\u0000-\u0008\u000b\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e"
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
KEPT_IN_PAGES: Final = rx("[\u00ad\u200b\u2060-\u2064]")
"""Hidden characters that end no line, reorder nothing and are white space for nobody (no controls, no BOM,
no tags, no marks of direction). In a page they may stand on a line that does not change: no reader's grammar of pages knows them."""
JOINERS: Final = rx("[\u200c\u200d\ufe00-\ufe0f]")
HFS_IGNORED: Final = rx("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
DOT_GIT: Final = rx(r"(?:\.git|git~\d+)(?:[ .]*)(?::.*)?\Z", re.IGNORECASE)
DEVICE: Final = rx(r"(?:con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(?:\..*)?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """What the gate found: denials for the floor, and why no prover may look (None: it may)."""

    denials: tuple[Denial, ...]
    barred: str | None


def gate(file: ChangedFile) -> Gated:
    """Judge path, modes, encoding, size and hidden text of one file."""
    illegal = illegal_path(file.path)
    denials = [] if illegal is None else [Denial(rule="illegal-path", path=_shown(file.path), line=0, why=illegal)]
    denials += _hidden(file)
    barred = illegal or _metadata(file) or _bytes(file)
    if denials and barred is None:
        barred = denials[0].why
    return Gated(denials=tuple(denials), barred=barred)


def illegal_path(path: str) -> str | None:  # noqa: PLR0911 - one guard, one exit
    """Why a path may never be written, or None."""
    if not path or len(path.encode("utf-8", "surrogatepass")) > MAX_PATH:
        return "the path is empty or too long"
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return "the path is absolute"
    if "\\" in path or any(ord(char) < 0x20 or ord(char) == 0x7F for char in path):  # noqa: PLR2004 - ASCII controls
        return "the path has a backslash or a control character"
    for part in path.split("/"):
        plain = unicodedata.normalize("NFKC", HFS_IGNORED.sub("", part))
        if part in {"", ".", ".."}:
            return "the path is not in its plain form (`.`, `..` or an empty part)"
        if DOT_GIT.match(plain) or DOT_GIT.match(part):
            return "the path reaches into `.git` on some file system"
        if HIDDEN.search(part):
            return "the path has an invisible character"
    return None


def _metadata(file: ChangedFile) -> str | None:  # noqa: PLR0911 - one guard, one exit
    change = file.change
    if change.before is None and change.after is None:
        return "neither side is at hand"
    modes = [
        m for m, side in ((change.mode_before, change.before), (change.mode_after, change.after)) if side is not None
    ]
    if any(mode not in REGULAR for mode in modes):
        return "a symbolic link, a submodule or an unknown mode"
    if len(set(modes)) > 1:
        return "the file mode changes"
    if change.before is None and any(part.startswith("-") for part in file.path.split("/")):
        return "a new name that begins with `-` is an option to the program that meets it"
    if not file.path.isascii():
        return "the path is not plain ASCII"
    if any(
        DEVICE.match(part) or part != part.rstrip(" .") or ":" in part or "~" in part for part in file.path.split("/")
    ):
        return "the path means another file on some systems"
    return None


def _bytes(file: ChangedFile) -> str | None:
    change = file.change
    if change.before == change.after:
        return "no byte changes"
    for side in (change.before, change.after):
        if side is None:
            continue
        why = _text(side)
        if why is not None:
            return why
    return _hidden_stays(file)


def _hidden_stays(file: ChangedFile) -> str | None:
    """Hidden text bars a proof, but for what stays where it is in lines of a page that do not change.

    A line that changes must show all that it has; the rest of a page is no context that a hidden sign
    could turn, while the tokens of a program, its names above all, may be.
    """
    if not any(HIDDEN.search(text) for text in file.both_texts):
        return None
    page = PROSE.search(file.path) is not None and file.change.before is not None and file.change.after is not None
    kept = page and not any(HIDDEN.search(KEPT_IN_PAGES.sub("", text)) for text in file.both_texts)
    if kept and not any(HIDDEN.search(line.text) for line in file.lines):
        return None
    return "hidden or bidirectional characters"


def _text(side: bytes) -> str | None:  # noqa: PLR0911 - one guard, one exit
    if len(side) > MAX_BYTES:
        return f"larger than {MAX_BYTES} bytes"
    if b"\0" in side:
        return "binary: it has a NUL byte"
    if side.startswith(b"version https://git-lfs.github.com/spec/"):
        return "a pointer to large-file storage: the content is elsewhere"
    try:
        text = side.decode("utf-8")
    except UnicodeDecodeError:
        return "not UTF-8 text"
    if "\r" in text.replace("\r\n", "\n"):
        return "a lone carriage return ends a line for some readers only"
    if any(len(line) > MAX_LINE for line in text.split("\n")):
        return f"a line is longer than {MAX_LINE} characters"
    return None


def _hidden(file: ChangedFile) -> list[Denial]:
    if file.change.after is None or b"\0" in file.change.after or len(file.change.after) > MAX_BYTES:
        return []
    found = []
    for line in file.added:
        text = line.text.removesuffix("\r")
        hidden = HIDDEN.search(text)
        if hidden is not None:
            why = f"an added line hides U+{ord(hidden[0]):04X} at column {hidden.start() + 1}: a reviewer cannot see it"
            found.append(Denial(rule="hidden-text", path=_shown(file.path), line=line.number, why=why))
        if CUT_TOKEN.search(text):
            why = "an added line has a redaction token, whose real text nobody has seen"
            found.append(Denial(rule="redaction-token", path=_shown(file.path), line=line.number, why=why))
    return found


def _shown(path: str) -> str:
    return path
