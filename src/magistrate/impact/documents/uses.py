"""What a program does with a page that it names: an allow-list of uses that only compare, ask or show.

A use counts only when the whole line is one command of a known shape. What goes on in the next
line, is chained, handed on or kept in a variable is no known use.
"""

from __future__ import annotations

import re
from typing import Final

from magistrate.impact.compiled import rx

_PLACE: Final = r"[\"']?[\w./-]+[\"']?"
_RUN: Final = r"\s*(?:(?:-\s+)?run:\s*)?@?(?:if\s+)?(?:!\s+)?"
_END: Final = r"(?:\s*;\s*then)?\s*\Z"
_SAYS: Final = r"(?:(?<![A-Za-z\\])|\\[nt])(?i:see|read|in|refer to|consult)(?: the)?(?: file)? [\w./-]*"
_FOLDER: Final = r"[\"']?(?:[\w./-]|\$\{\{ *[\w.-]+ *\}\}|\$\{\w+\}|\$\w+(?!\w))*"
"""A folder in front of a name: plain, or kept in a variable of the shell or of the workflow."""
_FROM: Final = rf"\s+(?:{_FOLDER}/|[\"']?)(?P<name>[\w.-]+)[\"']?"
_TO: Final = rf"\s+{_FOLDER}/(?P=name)[\"']?"
_DOC: Final = (
    rf"\s+{_FOLDER}/share/doc/(?:[\w./-]|\$\{{\w+\}}|\$\w+(?!\w))+/"
    r"(?i:changelog|changes|news|history|readme)(?:\.(?:md|rst|txt))?[\"']?"
)
_PLAIN_MODE: Final = r"install(?:\s+-[Dpv]+)*\s+-[Dpv]*m\s?0?[46]44(?:\s+-[Dpv]+)*"
"""Put somewhere as a file that is not run."""
_SCRIPT: Final = r"(?:\"[^\"`\n]*\"|'[^'\n]*')"
ASKS: Final = (
    rx(rf"{_RUN}(?:diff|cmp)(?:\s+-[a-zA-Z]+)*\s+{_PLACE}\s+{_PLACE}{_END}"),
    rx(
        rf"{_RUN}grep(?:\s+-[a-zA-Z]*q[a-zA-Z]*)(?:\s+-[a-zA-Z]+)*\s+(?:--\s+)?(?:\"[^\"`]*\"|'[^']*'|[\w.-]+)\s+{_PLACE}{_END}"
    ),
    rx(rf"{_RUN}(?:\[\[?|test)\s+(?:!\s+)?-[efrs]\s+{_PLACE}(?:\s+\]\]?)?{_END}"),
)
"""Commands that compare a page, look for a text on it, or ask whether it is there."""
WRITES: Final = (
    rx(
        rf"{_RUN}git-chglog(?:\s+--?[\w-]+(?:[ =](?!-)[\w./*-]+)?)*\s+(?:-o|--output)[ =]{_PLACE}"
        r"(?:\s+--?[\w-]+(?:[ =](?:(?!-)[\w./*-]+|`[^`\n]*`|\$\([^()\n]*\)))?)*\s*\Z"
    ),
)
"""Programs that write a list of changes anew from the history, whatever it said before."""
PUTS: Final = (
    rx(
        rf"{_RUN}cp(?:\s+-[afpruvR]+)*(?:(?:\s+(?!-){_PLACE})+\s+[\w./${{}}\"'-]+/[\"']?|(?:\s+(?!-){_PLACE}){{2,}}\s+[\"']?\$\{{?\w+\}}?[\"']?)\s*\Z"
    ),
    rx(rf"{_RUN}cp(?:\s+-[afpruv]+)*{_FROM}(?:{_TO}|\s+\.)\s*\Z"),
    rx(rf"{_RUN}(?:shx\s+)?cp(?:\s+-[afpruvR]+)*(?:\s+(?!-){_PLACE}){{2,}}\s+(?!-){_PLACE}\s*\Z"),
    rx(rf"{_RUN}{_PLAIN_MODE}{_FROM}(?:{_TO}|{_DOC})\s*\Z"),
    rx(rf"{_RUN}git\s+add(?:\s+-A)?(?:\s+--)?(?:\s+{_PLACE})+\s*\Z"),
    rx(rf"{_RUN}git\s+commit(?:\s+-[qs])*\s+-m\s+(?:\"[\w .,:()/-]*\"|'[\w .,:()/-]*')(?:\s+--)?(?:\s+{_PLACE})+\s*\Z"),
    rx(rf"{_RUN}(?:tar\s+-?[cvzjJ]+f|zip(?:\s+-[qrj9]+)*)\s+{_FOLDER}[\"']?(?:\s+{_PLACE})+\s*\Z"),
)
"""Commands that put a page somewhere under its own name, among the documents of a package, into an archive or
into the next commit."""
USES: Final = (*ASKS, *WRITES, *PUTS)
EDITS: Final = rx(
    rf"{_RUN}sed\s+(?:-[Er]\s+)?-i(?:\.\w+|\s+(?:''|\"\"))?(?:\s+-[Er])?(?P<scripts>(?:\s+{_SCRIPT})|(?:\s+-e\s+{_SCRIPT})+)(?:\s+{_PLACE})+\s*\Z"
)
REPLACES: Final = rx(r"[\"']s(?P<by>[/|#,@])(?:(?!(?P=by)).)*(?P=by)(?:(?!(?P=by)).)*(?P=by)g?[\"']\Z")
"""A command of `sed` that puts one text for another in its place, without the flags that run or write the line."""
FOR_AGENTS: Final = rx(
    r"(?i)\.(?:claude|cursor|codex|gemini|windsurf|clinerules|aider|roo|continue|github)\b|(?:prompts?|skills?|agents?|commands?|rules)/"
)
"""Places where agents look for orders: what is put there is read by them."""
SHOWN: Final = rx(
    r"\s*(?:-\s+run:\s*|run:\s*)?@?(?:echo|printf)\s+\"(?P<said>(?:[^\"`$\\]|\\.)*)\"\s*(?:>&2|1>&2)?\s*\Z"
)
"""A command that says one text, to whoever reads the log."""
SHELLS: Final = rx(r"(?i)\.(?:sh|bash|ya?ml|mk)\Z|(?:^|/)makefile[^/]*\Z")
BLOCK: Final = rx(r":\s*\|[+-]?\Z")
FOLDED: Final = rx(r"(?::|-)\s*>[+-]?\d?\s*\Z")
REACH: Final = 200
"""Lines above that are looked at for the start of a block."""
MAX_LINE: Final = 500
MIN_WORDS: Final = 4
"""Words of a message; what is shorter may be a list that is handed on."""


def only_checked(text: str, where: str, start: int, shown: str) -> bool:
    """Whether the mention at `start` is one of a command that runs nothing of the page and takes nothing from it."""
    if SHELLS.search(where) is None:
        return False
    at = text.rfind("\n", 0, start) + 1
    end = text.find("\n", start)
    line = text[at : end if end >= 0 else len(text)]
    if len(line) > MAX_LINE or _goes_on(text[:at], line):
        return False
    chained = "&&" in line and re.search(r"[|;`]|\$\(", line) is None and only_put(line, shown)
    if any(use.match(line) for use in USES) or _edits(line) or chained:
        return shown not in _substituted(line) and FOR_AGENTS.search(line) is None
    said = SHOWN.match(line)
    return (
        said is not None
        and len(said["said"].split()) >= MIN_WORDS
        and re.search(rf"{_SAYS}{re.escape(shown)}", said["said"], re.IGNORECASE) is not None
    )


def _goes_on(above: str, line: str) -> bool:
    """Whether a line goes on what stands above it: by a sign of the shell, or in a folded block of YAML."""
    lines = above.rstrip("\n").split("\n")[-REACH:]
    last = lines[-1].rstrip()
    if last.endswith(("\\", "|", "&", "(", "`")) and not BLOCK.search(last):
        return True
    indent = len(line) - len(line.lstrip())
    opener = next((one for one in reversed(lines) if one.strip() and len(one) - len(one.lstrip()) < indent), "")
    return FOLDED.search(opener) is not None


def _substituted(line: str) -> str:
    """What a shell runs before the command of a line, in lower case."""
    return " ".join(re.findall(r"\$\((.*)\)", line)).lower()


def _edits(line: str) -> bool:
    """Whether a line only replaces one text by another within files."""
    found = EDITS.match(line)
    return found is not None and all(REPLACES.match(one) for one in re.findall(_SCRIPT, found["scripts"]))


def only_put(command: str, shown: str) -> bool:
    """Whether every part of a command, or of a chain of them, that names a page puts it somewhere or edits it."""
    parts = command.split("&&")
    naming = [part for part in parts if shown in part.lower()]
    return bool(naming) and all(any(use.match(one) for use in PUTS) or _edits(one) for one in naming)
