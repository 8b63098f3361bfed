"""Secrets that the deployment itself holds: found in every written form and in every piece.

Rule kept (R8): no 8 consecutive characters of a known secret, or of one of its forms, are left.
Texts are also read with everything but ASCII letters and digits taken out, forwards and with the
lines in reverse order, so that line wrapping at any width, indentation, diff signs, quotes and
`"a" + "b"` do not hide it. A 4-character sieve at C speed comes first: any 8 characters hold 4
that begin at a multiple of 4.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Final
from urllib.parse import quote

from magistrate.context.secret_rules import Place

PIECE: Final = 8
_GRAM: Final = 4
_OTHER: Final = bytes(c for c in range(256) if not (c < 128 and chr(c).isalnum()))  # noqa: PLR2004  ASCII
_GAPS: Final = ("\\n", "\\r", "\\t")


class KnownSecrets:
    """The pieces of all known secrets; shorter ones than 8 characters are left out."""

    def __init__(self, known: Iterable[str]) -> None:
        forms = {_bytes(f) for secret in known if len(secret) >= PIECE for f in encoded_forms(secret)}
        self._plain = _pieces(forms)
        self._bare = _pieces(form.translate(None, _OTHER) for form in forms)
        self._plain_grams, self._bare_grams = _grams(self._plain), _grams(self._bare)

    def holds(self, text: str) -> bool:
        """Whether a piece of a known secret stands in this text."""
        return next(self.places(text), None) is not None

    def places(self, text: str) -> Iterator[Place]:
        """Every stretch that pieces cover; in forms with gaps, the stretch includes the gaps."""
        if not self._plain:
            return
        raw = _bytes(text)
        yield from (Place(start, end, "known") for start, end in _covered(raw, self._plain, self._plain_grams))
        for gap in _GAPS:
            raw = raw.replace(gap.encode(), b"  ")
        yield from self._bare_places(raw, lambda: list(range(len(raw))))
        if b"\n" in raw:
            lines = raw.split(b"\n")
            yield from self._bare_places(b"\n".join(reversed(lines)), lambda: _reversed_order(lines))

    def _bare_places(self, raw: bytes, order: Callable[[], list[int]]) -> Iterator[Place]:
        bare = raw.translate(None, _OTHER)
        stretches = list(_covered(bare, self._bare, self._bare_grams))
        if not stretches:
            return
        where = order()
        kept = [where[i] for i, c in enumerate(raw) if c not in _OTHER]
        for start, end in stretches:
            part = kept[start:end]
            first = at = part[0]
            for position in part[1:]:
                if position < at:  # an earlier line: the stretch goes on there
                    yield Place(first, at + 1, "known")
                    first = position
                at = position
            yield Place(first, at + 1, "known")


def encoded_forms(secret: str) -> set[str]:
    """The secret as it may also be written: base64 at each alignment, hex, URL, JSON, HTML, reversed."""
    raw = secret.encode("utf-8", "surrogatepass")
    url = quote(secret, safe="", errors="surrogatepass")
    forms = {secret, secret[::-1], raw.hex(), raw.hex().upper(), url, json.dumps(secret)[1:-1], html.escape(secret)}
    forms |= {"".join(p[:2].lower() + p[2:] if n else p for n, p in enumerate(url.split("%"))), repr(secret)[1:-1]}
    forms |= {"".join(f"%{b:02X}" for b in raw), "".join(f"%{b:02x}" for b in raw)}
    forms |= {"".join(f"\\x{b:02x}" for b in raw), "".join(f"\\u{ord(c):04x}" for c in secret)}
    for lead in range(3):
        core = base64.b64encode(b"\0" * lead + raw).decode().rstrip("=")
        core = core[(0, 2, 3)[lead] :]
        core = core[:-1] if (lead + len(raw)) % 3 else core
        forms |= {core, core.replace("+", "-").replace("/", "_")}
    return {form for form in forms if len(form) >= PIECE}


def _bytes(text: str) -> bytes:
    """One byte per character, so that positions stay; what is beyond Latin-1 is `?` on both sides."""
    return text.encode("latin-1", "replace")


def _pieces(forms: Iterable[bytes]) -> frozenset[bytes]:
    return frozenset(form[i : i + PIECE] for form in forms for i in range(len(form) - PIECE + 1))


def _grams(pieces: frozenset[bytes]) -> frozenset[int]:
    return frozenset(
        value
        for piece in pieces
        for i in range(PIECE - _GRAM + 1)
        for value in memoryview(piece[i : i + _GRAM]).cast("I")
    )


def _covered(raw: bytes, pieces: frozenset[bytes], grams: frozenset[int]) -> Iterator[tuple[int, int]]:
    """Maximal stretches covered by pieces."""
    aligned = memoryview(raw)[: len(raw) - len(raw) % _GRAM].cast("I")
    start = end = -1
    done = 0
    for k in (k for k, value in enumerate(aligned) if value in grams) if not grams.isdisjoint(aligned) else ():
        for i in range(max(done, _GRAM * (k - 1)), _GRAM * k + 1):
            if raw[i : i + PIECE] in pieces:
                if i > end:
                    if end > 0:
                        yield start, end
                    start = i
                end = i + PIECE
        done = max(done, _GRAM * k + 1)
    if end > 0:
        yield start, end


def _reversed_order(lines: list[bytes]) -> list[int]:
    """For each byte of the lines joined in reverse order, its place in the text."""
    starts, at = [], 0
    for line in lines:
        starts.append(at)
        at += len(line) + 1
    where: list[int] = []
    for start, line in zip(reversed(starts), reversed(lines), strict=True):
        where += range(start, start + len(line) + 1)
    return where
