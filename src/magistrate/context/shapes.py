"""What looks like a secret: PEM blocks, providers' forms (also encoded or joined in code), names, entropy.

Rule kept (R8): each search costs a fixed number of passes over the text; confirmation runs in
windows of 512 characters around a literal, and what a match runs on into is taken whole.
Where it errs it takes too much: after a private key without END, one-word lines that follow
are taken with it, up to 64 KiB.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from typing import Final

from magistrate.context.secret_rules import ASSIGNMENT, PLACEHOLDER, PROVIDERS, Place, Rule

WINDOW: Final = 512
MAX_PEM: Final = 65_536
ENTROPY_BITS: Final = 3.0
_RUN: Final = 20
_DISTINCT: Final = 8  # 3 bits of entropy need as many different characters
_DIGIT: Final = re.compile(r"[0-9]")
_LETTER: Final = re.compile(r"[A-Za-z]")
_PEM_BEGIN: Final = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END: Final = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_LINE: Final = re.compile(r"[A-Za-z0-9+/=\\]*|(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset): .{0,200}")
_PEM_EDGE: Final = " \t\r>|#\"'+-,;.)(*\\"
_PEM_PART: Final = re.compile(r"[ \t>|#\"'+-]{0,40}[A-Za-z0-9+/=\\]{16,}")
_TAIL: Final = re.compile(r"[A-Za-z0-9_+/=-]*")
_DOTTED_TAIL: Final = re.compile(r"[A-Za-z0-9_+/=.-]*")
_WORD: Final = re.compile(r"[A-Za-z0-9_+/=.~-]{16,}")
_PLAIN_ID: Final = re.compile(r"[0-9a-f]{40}|(?:sha256:)?[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_JOIN: Final = re.compile(
    r"\"(?:[ \t]{1,8}|[ \t]{0,8}[+.&\\][ \t]{0,8}|[ \t]{0,8}[+.\\]?\r?\n[-+ \t]{0,80}[+.]?[ \t]{0,8})\""
    r"|'(?:[ \t]{1,8}|[ \t]{0,8}[+.&\\][ \t]{0,8}|[ \t]{0,8}[+.\\]?\r?\n[-+ \t]{0,80}[+.]?[ \t]{0,8})'"
)
_AROUND: Final = 256
_HEX: Final = re.compile(r"(?:[0-9a-f]{2})+|(?:[0-9A-F]{2})+")
_RUN_TABLE: Final = bytes(
    97 if (chr(c).isascii() and chr(c).isalnum()) or chr(c) in "+/_-=" else 32 for c in range(256)
)


def provided(text: str) -> Iterator[Place]:
    """Secrets with a form of their own."""
    folded = _fold(text)
    for rule in PROVIDERS:
        yield from _confirmed(rule, text, folded if rule.fold else text)


def assigned(text: str) -> Iterator[Place]:
    """Values whose name says that they are secret."""
    return _confirmed(ASSIGNMENT, text, _fold(text))


def joined(text: str) -> Iterator[Place]:
    """Providers' forms cut into string literals that the code puts together again."""
    regions: list[list[int]] = []
    cuts: list[tuple[int, int]] = []
    at = 0
    while match := _JOIN.search(text, at):
        cuts.append(match.span())
        at = match.end() - 1
        if regions and match.start() - _AROUND <= regions[-1][1]:
            regions[-1][1] = match.end() + _AROUND
        else:
            regions.append([max(0, match.start() - _AROUND), match.end() + _AROUND])
    if not cuts:
        return
    parts: list[str] = []
    seen: list[int] = []  # where each part begins in the view
    real: list[int] = []  # and in the text
    size = n = 0
    for first, last in regions:
        start = first
        while n < len(cuts) and cuts[n][0] < last:
            size = _add(text[start : max(start, cuts[n][0])], start, parts, seen, real, size)
            start = cuts[n][1]
            n += 1
        size = _add(text[start : max(start, last)] + "\n", start, parts, seen, real, size)
    view = "".join(parts)
    for place in provided(view):
        low, high = bisect_right(seen, place.start) - 1, bisect_right(seen, place.end - 1) - 1
        if low != high:
            yield Place(real[low] + place.start - seen[low], real[high] + place.end - seen[high], place.kind)


def _add(part: str, start: int, parts: list[str], seen: list[int], real: list[int], size: int) -> int:  # noqa: PLR0913, PLR0917
    parts.append(part)
    seen.append(size)
    real.append(start)
    return size + len(part)


def pem(text: str) -> Iterator[Place]:
    """BEGIN to END within 64 KiB; with one of them missing, the lines that look like the body."""
    if "PRIVATE KEY" not in text:
        return
    at = 0
    while begin := _PEM_BEGIN.search(text, at):
        yield from _headless(text, at, begin.start())
        limit = begin.end() + MAX_PEM
        following = _PEM_BEGIN.search(text, begin.end(), limit)
        limit = following.start() if following else limit
        end = _PEM_END.search(text, begin.end(), limit)
        at = end.end() if end else _body_end(text, begin.end(), min(limit, len(text)))
        yield Place(begin.start(), at, "pem")
    yield from _headless(text, at, len(text))


def _body_end(text: str, at: int, limit: int) -> int:
    """Where the lines stop that look like a key's body; a line that only begins so is taken that far."""
    while at < limit:
        newline = text.find("\n", at, limit)
        stop = limit if newline < 0 else newline + 1
        if not _PEM_LINE.fullmatch(text[at:stop].strip(_PEM_EDGE + "\n")):
            part = _PEM_PART.match(text, at, limit)
            return part.end() if part else at
        at = stop
    return at


def _headless(text: str, start: int, stop: int) -> Iterator[Place]:
    """An END whose BEGIN was cut away: the body lines above it."""
    for end in _PEM_END.finditer(text, start, stop):
        first = text.rfind("\n", start, end.start()) + 1 or start
        while first > max(start, end.start() - MAX_PEM):
            above = max(start, text.rfind("\n", start, first - 1) + 1)
            line = text[above:first].strip(_PEM_EDGE + "\n")
            if not line or not _PEM_LINE.fullmatch(line):
                break
            first = above
        yield Place(first, end.end(), "pem")


def encoded(text: str) -> Iterator[Place]:
    """Runs of base64 or hex that hold a provider's form; all are decoded into one text and searched once."""
    runs: list[tuple[int, int]] = []
    starts: list[int] = []
    parts: list[str] = []
    size = 0
    for start, end in _runs(text):
        run = text[start:end]
        if (run.islower() or run.isupper() or run.isdigit()) and not _HEX.fullmatch(run.strip("=-_")):
            continue  # 20 characters of base64 in one case: chance below 1 in 10 million
        for part in _decoded(run):
            parts.append(part)
            starts.append(size)
            runs.append((start, end))
            size += len(part) + 1
    if not parts:
        return
    for place in provided("\n".join(parts)):
        start, end = runs[bisect_right(starts, place.start) - 1]
        yield Place(start, end, "encoded")


def entropic(text: str) -> Iterator[Place]:
    """Words of at least 16 characters with letters, digits and high entropy; no digests, no UUIDs."""
    for match in _WORD.finditer(text):
        word = match.group()
        if (
            len(set(word)) < _DISTINCT
            or not _DIGIT.search(word)
            or not _LETTER.search(word)
            or _PLAIN_ID.fullmatch(word)
        ):
            continue
        counts = Counter(word[:400])
        size = sum(counts.values())
        if -sum(n / size * math.log2(n / size) for n in counts.values()) >= ENTROPY_BITS:
            yield Place(match.start(), match.end(), "entropy")


def _fold(text: str) -> str:
    """Lower case at the same positions: only the dotted capital I would grow."""
    folded = text.lower()
    return folded if len(folded) == len(text) else text.replace("\u0130", "I").lower()


def _windows(rule: Rule, searched: str) -> Iterator[tuple[int, int]]:
    places: list[int] = []
    for literal in rule.literals:
        at = searched.find(literal)
        while at >= 0:
            places.append(at)
            at = searched.find(literal, at + len(literal))
    start = end = -1
    for at in sorted(places):
        if at - 64 > end:
            if end >= 0:
                yield start, end
            start = max(0, at - 64)
        end = at + WINDOW
    if end >= 0:
        yield start, end


def _confirmed(rule: Rule, text: str, searched: str) -> Iterator[Place]:
    tail = _DOTTED_TAIL if rule.kind == "jwt" else _TAIL
    covered = 0
    for start, end in _windows(rule, searched):
        for match in rule.pattern.finditer(text, start, min(end, len(text))):
            group = match.lastindex or 0
            first, last = match.span(group)
            if group and PLACEHOLDER.match(match.group(group)):
                continue
            if last <= covered:
                last = covered
            elif rule.kind not in ("url-password", "assigned") or last >= end:
                found = tail.match(text, last)
                last = covered = found.end() if found else last
            yield Place(first, last, rule.kind)


def _runs(text: str) -> Iterator[tuple[int, int]]:
    """Runs of at least 20 base64 or hex characters, found by substring search alone."""
    plain = text.encode("latin-1", "replace").translate(_RUN_TABLE)
    at = plain.find(b"a" * _RUN)
    while at >= 0:
        end = plain.find(b" ", at)
        end = len(plain) if end < 0 else end
        yield at, end
        at = plain.find(b"a" * _RUN, end)


def _decoded(run: str) -> Iterator[str]:
    body = run.strip("=-_")
    if _HEX.fullmatch(body):
        yield bytes.fromhex(body).decode("latin-1")
    plain = body.replace("-", "+").replace("_", "/").replace("=", "")
    for lead in range(4):
        cut = plain[lead:]
        cut = cut[: len(cut) - len(cut) % 4] if len(cut) % 4 == 1 else cut + "=" * (-len(cut) % 4)
        try:
            yield base64.b64decode(cut).decode("latin-1")
        except binascii.Error:
            continue
