"""What a credential looks like in bytes: tokens of the gate, tokens of code hosts, private keys, settings of git.

Rule kept (R50): a token is 43 letters of the URL-safe alphabet, wherever it stands: inside a longer
word, in the base64 of a basic header, or in the base64 of a document in a document. A value is
hashed or named, and never told.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from typing import Final

import re2

TOKEN_LETTERS: Final = 43
"""Length of `secrets.token_urlsafe(32)`, which the gate mints."""
_FEWEST_LETTERS: Final = 12
"""Distinct ones in 43 random letters of 64: fewer is no token (chance below 1e-20)."""
_DEEPEST: Final = 4
_RUN: Final = re2.compile(rb"[A-Za-z0-9_-]{43,}")
_BASIC: Final = re2.compile(rb"[Bb]asic[ \t\n\r\f\v]+([A-Za-z0-9+/]{40,})")
"""These two read every byte of memory: RE2 takes a seventh of the time that `re` takes, and finds the same."""
_ENCODED: Final = re.compile(rb"[A-Za-z0-9+/]{56,}={0,2}")
_HOSTS: Final = re.compile(
    rb"(?<![A-Za-z0-9_])(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40}|glpat-[A-Za-z0-9_-]{20})"
)
_KEY: Final = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]{20,})")
_GIT: Final = re.compile(
    rb"(?im)^\s*(?:extraheader\s*=\s*.*authorization|helper\s*=\s*\S|(?:push)?url\s*=\s*\w+://[^/\s@]+@"
    rb"|\w+://[^/\s:@]+:[^/\s@]+@|machine\s+\S+\s+(?:login\s+\S+\s+)?password\s)"
)
_NAMES: Final = re.compile(r"token|secret|passw|credential|private_?key|api_?key|auth(?!or)", re.IGNORECASE)
_USERINFO: Final = re.compile(rb"\w+://[^/\s:@]+:[^/\s@]+@")


def token_like(content: bytes, *, decode: bool = True) -> Iterator[tuple[str, bytes]]:
    """Whatever may be a token of the gate, with its SHA-256; `decode` looks into base64 as well."""
    seen: set[bytes] = set()
    pending = [(content, 0)]
    while pending:
        piece, depth = pending.pop()
        for found in _RUN.finditer(piece):
            run = found[0]
            if run in seen:
                continue
            seen.add(run)
            yield from _windows(run)
        if decode and depth < _DEEPEST:
            pending += [(inner, depth + 1) for inner in map(_decoded, _ENCODED.findall(piece)) if inner]


def _windows(run: bytes) -> Iterator[tuple[str, bytes]]:
    lower = run.lower()
    if run in (lower, run.upper()):
        return  # hexadecimal and constants: no random token is of one case
    for start in range(len(run) - TOKEN_LETTERS + 1):
        window = run[start : start + TOKEN_LETTERS]
        if len(set(window)) >= _FEWEST_LETTERS:
            yield hashlib.sha256(window).hexdigest(), window


def _decoded(text: bytes) -> bytes:
    whole = text.rstrip(b"=")
    try:
        return base64.b64decode(whole[: len(whole) - len(whole) % 4] + _rest(whole))
    except binascii.Error:
        return b""


def _rest(whole: bytes) -> bytes:
    left = whole[len(whole) - len(whole) % 4 :]
    return left + b"=" * (4 - len(left)) if len(left) > 1 else b""


def in_basic(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The same in basic headers, which are shorter than what `token_like` decodes by itself."""
    for text in _BASIC.findall(content):
        yield from token_like(_decoded(text), decode=False)


def key_lines(content: bytes) -> tuple[bytes, ...]:
    """The line that tells one private key from another, for each in PEM or OpenSSH form.

    The first lines of an OpenSSH key are the same for all of a kind; the last whole one holds the secret.
    """
    bodies = (found[1].split() for found in _KEY.finditer(content))
    return tuple(lines[-2] if len(lines) > 2 else lines[0] for lines in bodies)  # noqa: PLR2004  see above


def of_code_host(content: bytes) -> bool:
    """Whether there is a token of a code host."""
    return _HOSTS.search(content) is not None


def git_hands_out(content: bytes) -> bool:
    """Whether settings of git (or `.netrc`, `.git-credentials`) hold or fetch a credential."""
    return _GIT.search(content) is not None


def variable_names_secret(name: str, value: str) -> bool:
    """Whether a variable is one that programs take a credential from."""
    return bool(value) and (_NAMES.search(name) is not None or _USERINFO.search(value.encode()) is not None)


def in_url(content: bytes) -> bool:
    """Whether a URL carries a password."""
    return _USERINFO.search(content) is not None
