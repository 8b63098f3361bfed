"""What looks like a key and is certainly none: pins of what is fetched, and paths and names that are made of words.

Rule kept: a pin is quiet by the whole shape that its tool writes, algorithm, length and place together; the same
digits anywhere else on the line stay. A text of words is quiet only where every run of letters and digits in it is a
word, and half of it is words of five letters or more, which no random text is. Formats: `uses:` of GitHub workflow
syntax, go.sum (golang.org/ref/mod#go-sum-files) and pseudo-versions, Subresource Integrity, pip `--hash`, Cargo.lock,
OCI digests, pre-commit `rev:`, addresses of a commit.
"""

from __future__ import annotations

from typing import Final

from magistrate.impact.compiled import rx

PINS: Final = rx(
    r"(?:^|(?<=\s))uses:\s*[\"']?[\w.-]+/[\w./-]+@[0-9a-f]{40}\b|"
    r"\bv\d+\.\d+\.\d+-(?:[\w.]{1,20}\.)?\d{14}-[0-9a-f]{12}\b|\bh1:[A-Za-z0-9+/]{43}=(?=\s|$)|"
    r"\bsha256-[A-Za-z0-9+/]{43}=|\bsha384-[A-Za-z0-9+/]{64}(?![A-Za-z0-9+/=])|\bsha512-[A-Za-z0-9+/]{86}==|"
    r"\bsha256:[0-9a-f]{64}\b|\bsha384:[0-9a-f]{96}\b|\bsha512:[0-9a-f]{128}\b|"
    r"^checksum = \"[0-9a-f]{64}\"$|^\s*(?:-\s+)?rev:\s*[\"']?[0-9a-f]{40}[\"']?\s*(?:#.*)?$|"
    r"\bhttps://(?:github|gitlab)\.com/[\w.-]+/[\w.-]+/(?:-/)?(?:commit|blob|tree|raw)/[0-9a-f]{40}\b"
)
TOKEN: Final = rx(r"[A-Za-z0-9_/+.%~=-]{16,}")
RUN: Final = rx(r"[A-Za-z0-9]+")
PART: Final = rx(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
VERSION: Final = rx(r"[vV]\d{1,3}(?:(?:alpha|beta|rc)\d{1,2})?\Z")
VOWEL: Final = rx(r"[aeiouyAEIOUY]")
CLUSTER: Final = rx(r"(?i)[bcdfghjklmnpqrstvwxz]{5}")
LONG: Final = 5
MOST_LETTERS: Final = 18
MOST_DIGITS: Final = 4
MOST_NUMBERED: Final = 2
MOST_LINE: Final = 2_000


def without_pins(line: str) -> str:
    """The line without what is certainly no key; a line that is too long is given back as it is."""
    if len(line) > MOST_LINE:
        return line
    return TOKEN.sub(lambda found: "x" if of_words(found[0]) else found[0], PINS.sub(" ", line))


def without_fetched(line: str) -> str:
    """The line without pins alone; names and words of it stay. A line that is too long is given back as it is."""
    return line if len(line) > MOST_LINE else PINS.sub(" ", line)


def of_words(token: str) -> bool:
    """Whether a text is nothing but words, with small numbers between."""
    runs = [run for run in RUN.findall(token) if not VERSION.match(run)]
    numbered = sum(any(sign.isdigit() for sign in run) for run in runs)
    if not runs or numbered > MOST_NUMBERED or not all(map(_words, runs)):
        return False
    long = sum(len(part) for run in runs for part in PART.findall(run) if part.isalpha() and len(part) >= LONG)
    return 2 * long >= sum(map(len, runs))


def _words(run: str) -> bool:
    parts = PART.findall(run)
    digits = [part for part in parts if part.isdigit()]
    return len(digits) <= 1 and all(len(part) <= MOST_DIGITS if part.isdigit() else _word(part) for part in parts)


def _word(part: str) -> bool:
    if part.isupper() and len(part) <= LONG:
        return True
    if len(part) > MOST_LETTERS or CLUSTER.search(part):
        return False
    return len(part) < 3 or VOWEL.search(part) is not None  # noqa: PLR2004 - `id`, `go`, `of`
