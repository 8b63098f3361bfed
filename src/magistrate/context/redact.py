"""Redaction: secrets become stable tokens before anything else sees the text.

Rule kept (R8, R12): tiers in order: exact known secrets and their encoded forms (and every
8-character piece of them), PEM blocks, providers' own forms (also inside base64 and hex), named
assignments, and, for prompts and logs, high entropy. A token is `[[secret:<kind>:<16 hex>]]`,
HMAC-SHA-256(key, kind || 0 || value) cut to 8 bytes: the same secret has the same token, and
without the key nothing leads back. Confirmation runs in windows of 512 characters around a
literal, so one long line costs no more than many short ones.
"""

from __future__ import annotations

import hashlib
import hmac
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from magistrate.context.known import KnownSecrets
from magistrate.context.secret_rules import KINDS, Place
from magistrate.context.shapes import assigned, encoded, entropic, joined, pem, provided
from magistrate.domain.redaction import token_pattern
from magistrate.errors import Refused, Usage

MIN_KEY_BYTES: Final = 16
MAX_PASSES: Final = 8
_TOKEN: Final = token_pattern("|".join(KINDS))


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


def tokens_in(text: str) -> list[str]:
    """Every redaction token of a text, in order."""
    return [match.group() for match in _TOKEN.finditer(text)]


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
        self._known = KnownSecrets(known)

    def redact(self, text: str, *, entropy: bool = False) -> RedactedText:
        """Replace secrets by tokens; `entropy` adds the aggressive tier for prompts and logs.

        Raises:
            Refused: MAG-E572 when the text still holds something after the last pass; nothing is served.
        """
        redacted, values = self._replace(text, entropy=entropy)
        spans = tuple(Span(start=m.start(), end=m.end(), token=m.group()) for m in _TOKEN.finditer(redacted))
        return RedactedText(text=redacted, count=len(values), spans=spans)

    def secrets(self, text: str, *, entropy: bool = False) -> dict[str, str]:
        """Token to secret for one text: for the server's own restoring of unchanged lines, never served.

        Raises:
            Refused: MAG-E572 as for `redact`.
        """
        return dict(self._replace(text, entropy=entropy)[1])

    def token(self, kind: str, value: str) -> str:
        """The stable token of a value."""
        tag = hmac.new(self._key, f"{kind}\0{value}".encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"[[secret:{kind}:{tag.hexdigest()[:16]}]]"

    def _replace(self, text: str, *, entropy: bool) -> tuple[str, list[tuple[str, str]]]:
        values: list[tuple[str, str]] = []
        for _ in range(MAX_PASSES):
            places = self._places(text, entropy=entropy)
            if not places:
                return text, values
            parts, at = [], 0
            for place in places:
                value = text[place.start : place.end]
                token = self.token(place.kind, value)
                values.append((token, value))
                parts += [text[at : place.start], token]
                at = place.end
            text = "".join([*parts, text[at:]])
        if self._places(text, entropy=entropy):
            raise Refused(
                "MAG-E572",
                f"redaction still finds something after {MAX_PASSES} passes, so the text is not served",
                hint="look at the file for text built to confuse redaction",
            )
        return text, values

    def _places(self, text: str, *, entropy: bool) -> list[Place]:
        found = [*self._known.places(text), *pem(text), *provided(text), *joined(text), *assigned(text), *encoded(text)]
        if entropy:
            found += entropic(text)
        return _merge(found, self._taken(text)) if found else []

    def _taken(self, text: str) -> list[tuple[int, int]]:
        """Where tokens stand already; one whose tag is a piece of a known secret is no token."""
        if "[[secret:" not in text:
            return []
        return [m.span() for m in _TOKEN.finditer(text) if not self._known.holds(m.group(1))]


def _merge(found: list[Place], taken: list[tuple[int, int]]) -> list[Place]:
    """Overlapping hits become one, of the kind that starts first and reaches furthest; tokens stay."""
    merged: list[Place] = []
    rank = {kind: n for n, kind in enumerate(KINDS)}
    for hit in sorted(found, key=lambda h: (h.start, -h.end, rank[h.kind])):
        for piece in _outside(hit, taken):
            if merged and piece.start < merged[-1].end:
                last = merged[-1]
                merged[-1] = Place(last.start, max(last.end, piece.end), last.kind)
            else:
                merged.append(piece)
    return merged


def _outside(place: Place, taken: list[tuple[int, int]]) -> Iterator[Place]:
    """The parts of a place that no token covers already; `taken` is sorted."""
    at = place.start
    for n in range(max(0, bisect_right(taken, (at, at)) - 1), len(taken)):
        start, end = taken[n]
        if start >= place.end:
            break
        if end <= at:
            continue
        if start > at:
            yield Place(at, start, place.kind)
        at = end
    if at < place.end:
        yield Place(at, place.end, place.kind)
