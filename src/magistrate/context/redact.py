"""Redaction: secrets become stable tokens before anything else sees the text.

Rule kept (R8, R12): tiers in order: exact known secrets and their encoded forms (and every
8-character piece of them), PEM blocks, providers' own forms (also inside base64 and hex), named
assignments, and, for prompts and logs, high entropy. A token is `[[secret:<kind>:<16 hex>]]`,
HMAC-SHA-256(key, kind || 0 || value) cut to 8 bytes: the same secret has the same token, and
without the key nothing leads back. Confirmation runs in windows of 512 characters around a
literal, so one long line costs no more than many short ones.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from magistrate.context.secret_rules import ASSIGNMENT, KINDS, PLACEHOLDER, PROVIDERS, Rule
from magistrate.errors import Usage

WINDOW: Final = 512
PIECE: Final = 8
MIN_KEY_BYTES: Final = 16
MAX_PASSES: Final = 4
ENTROPY_BITS: Final = 3.0
_RUN: Final = 20
_TOKEN: Final = re.compile(r"\[\[secret:(?:" + "|".join(KINDS) + r"):[0-9a-f]{16}\]\]")
_PEM_BEGIN: Final = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END: Final = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_BODY: Final = re.compile(r"[A-Za-z0-9+/=\s\\:,\"'#>|.-]")
_TAIL: Final = re.compile(r"[A-Za-z0-9_+/=-]{0,4096}")
_WORD: Final = re.compile(r"[A-Za-z0-9_+/=.~-]{16,}")
_PLAIN_ID: Final = re.compile(r"[0-9a-f]{40}|(?:sha256:)?[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_RUN_TABLE: Final = bytes(
    97 if (chr(c).isascii() and chr(c).isalnum()) or chr(c) in "+/_-=" else 32 for c in range(256)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where a token stands in the redacted text, in characters; nothing here leads back."""

    start: int
    end: int
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactedText:
    """Text without secrets, how many were replaced by this redaction, and where tokens stand."""

    text: str
    count: int
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class _Hit:
    start: int
    end: int
    kind: str


def tokens_in(text: str) -> list[str]:
    """Every redaction token of a text, in order."""
    return _TOKEN.findall(text)


class Redactor:
    """Redacts with one deployment's tag key and its list of known secrets."""

    def __init__(self, key: bytes, *, known: Iterable[str] = ()) -> None:
        """Take the tag key (at least 16 bytes) and the secrets that the deployment itself holds.

        Raises:
            Usage: MAG-E571 for a short key.
        """
        if len(key) < MIN_KEY_BYTES:
            raise Usage("MAG-E571", f"the redaction key is shorter than {MIN_KEY_BYTES} bytes")
        self._key = key
        forms = {form for secret in known if len(secret) >= PIECE for form in encoded_forms(secret)}
        self._pieces = frozenset(f[i : i + PIECE] for f in forms for i in range(len(f) - PIECE + 1))

    def redact(self, text: str, *, entropy: bool = False) -> RedactedText:
        """Replace secrets by tokens; `entropy` adds the aggressive tier for prompts and logs."""
        redacted, values = self._replace(text, entropy=entropy)
        spans = tuple(Span(start=m.start(), end=m.end(), token=m.group()) for m in _TOKEN.finditer(redacted))
        return RedactedText(text=redacted, count=len(values), spans=spans)

    def secrets(self, text: str, *, entropy: bool = False) -> dict[str, str]:
        """Token to secret for one text: for the server's own restoring of unchanged lines, never served."""
        return dict(self._replace(text, entropy=entropy)[1])

    def token(self, kind: str, value: str) -> str:
        """The stable token of a value."""
        tag = hmac.new(self._key, f"{kind}\0{value}".encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"[[secret:{kind}:{tag.hexdigest()[:16]}]]"

    def _replace(self, text: str, *, entropy: bool) -> tuple[str, list[tuple[str, str]]]:
        values: list[tuple[str, str]] = []
        for _ in range(MAX_PASSES):
            hits = self._hits(text, entropy=entropy)
            if not hits:
                break
            parts, at = [], 0
            for hit in hits:
                value = text[hit.start : hit.end]
                token = self.token(hit.kind, value)
                values.append((token, value))
                parts += [text[at : hit.start], token]
                at = hit.end
            text = "".join([*parts, text[at:]])
        return text, values

    def _hits(self, text: str, *, entropy: bool) -> list[_Hit]:
        found = [*self._known(text), *_pem(text)]
        for rule in PROVIDERS:
            found += _confirmed(rule, text, text)
        folded = text.lower() if text.isascii() else _fold(text)
        found = [*found, *(h for r in (ASSIGNMENT,) for h in _confirmed(r, text, folded))]
        found += _encoded(text)
        if entropy:
            found += _entropic(text)
        taken = [(m.start(), m.end()) for m in _TOKEN.finditer(text)] if "[[secret:" in text else []
        return _merge(found, taken)

    def _known(self, text: str) -> Iterator[_Hit]:
        pieces = self._pieces
        if not pieces:
            return
        start = end = -1
        for i in range(len(text) - PIECE + 1):
            if text[i : i + PIECE] in pieces:
                if i > end:
                    if end > 0:
                        yield _Hit(start, end, "known")
                    start = i
                end = i + PIECE
        if end > 0:
            yield _Hit(start, end, "known")


def encoded_forms(secret: str) -> set[str]:
    """The secret as it may also be written: base64 at each alignment, hex, URL, JSON, reversed."""
    raw = secret.encode("utf-8", "surrogatepass")
    forms = {secret, secret[::-1], raw.hex(), raw.hex().upper(), quote(secret, safe=""), json.dumps(secret)[1:-1]}
    forms |= {"".join(f"%{b:02X}" for b in raw), "".join(f"%{b:02x}" for b in raw)}
    forms |= {"".join(f"\\x{b:02x}" for b in raw), "".join(f"\\u{ord(c):04x}" for c in secret)}
    for lead in range(3):
        core = base64.b64encode(b"\0" * lead + raw).decode().rstrip("=")
        core = core[(0, 2, 3)[lead] :]
        core = core[:-1] if (lead + len(raw)) % 3 else core
        forms |= {core, core.replace("+", "-").replace("/", "_")}
    return forms


def _fold(text: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in text)


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


def _confirmed(rule: Rule, text: str, searched: str) -> Iterator[_Hit]:
    for start, end in _windows(rule, searched):
        for match in rule.pattern.finditer(text, start, min(end, len(text))):
            group = match.lastindex or 0
            first, last = match.span(group)
            value = text[first:last]
            if group and PLACEHOLDER.match(value):
                continue
            if rule.kind not in ("url-password", "assigned") or last >= end:
                tail = _TAIL.match(text, last)
                last = tail.end() if tail else last
            yield _Hit(first, last, rule.kind)


def _pem(text: str) -> Iterator[_Hit]:
    """BEGIN to END; without END, everything that still looks like the body."""
    at = 0
    while at >= 0 and (begin := _PEM_BEGIN.search(text, at) if "PRIVATE KEY" in text else None):
        end = _PEM_END.search(text, begin.end())
        following = _PEM_BEGIN.search(text, begin.end())
        if end and (following is None or end.start() < following.start()):
            stop = end.end()
        else:
            stop = begin.end()
            while stop < len(text) and _PEM_BODY.match(text, stop):
                if following and stop >= following.start():
                    break
                stop += 1
        yield _Hit(begin.start(), stop, "pem")
        at = stop


def _runs(text: str) -> Iterator[tuple[int, int]]:
    """Runs of at least 20 base64 or hex characters, found by substring search alone."""
    plain = text.encode("latin-1", "replace").translate(_RUN_TABLE)
    at = plain.find(b"a" * _RUN)
    while at >= 0:
        end = plain.find(b" ", at)
        end = len(plain) if end < 0 else end
        yield at, end
        at = plain.find(b"a" * _RUN, end)


def _encoded(text: str) -> Iterator[_Hit]:
    for start, end in _runs(text):
        for decoded in _decoded(text[start:end]):
            if any(
                next(_confirmed(rule, decoded, decoded), None)
                for rule in PROVIDERS
                if any(literal in decoded for literal in rule.literals)
            ):
                yield _Hit(start, end, "encoded")
                break


def _decoded(run: str) -> Iterator[str]:
    body = run.strip("=-_")
    if re.fullmatch(r"(?:[0-9a-f]{2})+|(?:[0-9A-F]{2})+", body):
        yield bytes.fromhex(body).decode("latin-1")
    plain = body.replace("-", "+").replace("_", "/").replace("=", "")
    for lead in range(4):
        cut = plain[lead:]
        cut = cut[: len(cut) - len(cut) % 4] if len(cut) % 4 == 1 else cut + "=" * (-len(cut) % 4)
        try:
            yield base64.b64decode(cut).decode("latin-1")
        except binascii.Error:
            continue


def _entropic(text: str) -> Iterator[_Hit]:
    for match in _WORD.finditer(text):
        word = match.group()
        if _PLAIN_ID.fullmatch(word) or not any(c.isdigit() for c in word) or not any(c.isalpha() for c in word):
            continue
        counts = Counter(word[:400])
        size = sum(counts.values())
        if -sum(n / size * math.log2(n / size) for n in counts.values()) >= ENTROPY_BITS:
            yield _Hit(match.start(), match.end(), "entropy")


def _merge(found: list[_Hit], taken: list[tuple[int, int]]) -> list[_Hit]:
    """Overlapping hits become one, of the kind that starts first and reaches furthest; tokens stay."""
    merged: list[_Hit] = []
    rank = {kind: n for n, kind in enumerate(KINDS)}
    for hit in sorted(found, key=lambda h: (h.start, -h.end, rank[h.kind])):
        for piece in _outside(hit, taken):
            if merged and piece.start < merged[-1].end:
                last = merged[-1]
                merged[-1] = _Hit(last.start, max(last.end, piece.end), last.kind)
            else:
                merged.append(piece)
    return merged


def _outside(hit: _Hit, taken: list[tuple[int, int]]) -> Iterator[_Hit]:
    """The parts of a hit that no token covers already."""
    at = hit.start
    for start, end in taken:
        if end <= at or start >= hit.end:
            continue
        if start > at:
            yield _Hit(at, start, hit.kind)
        at = end
    if at < hit.end:
        yield _Hit(at, hit.end, hit.kind)
