"""Canonical JSON and digests: one byte string for one value.

Rule kept: the domain is restricted so that every correct encoder agrees with RFC 8785:
ASCII object keys, no floats, integers below 2^53, no duplicate keys. A reader accepts only
bytes that this encoder would have written, which also refuses unknown fields, duplicate
keys, other spellings of the same value and trailing bytes.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final, TypeVar

import msgspec

from magistrate.errors import Usage

T = TypeVar("T")
MAX_INT: Final = 2**53 - 1
MAX_DEPTH: Final = 64
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}\Z")
_ENCODER: Final = msgspec.json.Encoder(order="sorted")


def canonical(value: object) -> bytes:
    """Encode as canonical JSON (RFC 8785 on the restricted domain).

    Raises:
        Usage: MAG-E108 for a float, a non-ASCII key, an integer of 2^53 or more, or nesting
            deeper than 64.
    """
    plain = msgspec.to_builtins(value)
    _check_domain(plain, 0)
    return _ENCODER.encode(plain)


def digest(content: bytes) -> str:
    """`sha256:` and 64 lower-case hexadecimal digits over the bytes."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def digest_of(value: object) -> str:
    """Digest of the canonical bytes of a value."""
    return digest(canonical(value))


def verify_digest_shape(text: str) -> str:
    """Return the text when it is a well-formed digest.

    Raises:
        Usage: MAG-E108 otherwise.
    """
    if DIGEST.match(text) is None:
        raise Usage("MAG-E108", f"`{text[:80]}` is not a sha256 digest")
    return text


def decode_canonical(content: bytes, kind: type[T]) -> T:
    """Decode bytes into `kind`, accepting only the canonical spelling.

    Raises:
        Usage: MAG-E102 when the shape differs, MAG-E101 when the bytes are not canonical.
    """
    try:
        value = msgspec.json.decode(content, type=kind)
        again = canonical(value)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Usage("MAG-E102", f"not a {_name(kind)}: {error}") from error
    if again != content:
        raise Usage(
            "MAG-E101",
            f"the bytes of a {_name(kind)} are not in canonical form",
            hint="sorted keys, no spaces, no duplicate or unknown keys, all fields present",
        )
    return value


def _name(kind: object) -> str:
    return getattr(kind, "__name__", str(kind))


def _check_domain(value: object, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Usage("MAG-E108", "nested deeper than 64 levels")
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return
    if isinstance(value, int):
        if not -MAX_INT <= value <= MAX_INT:
            raise Usage("MAG-E108", f"integer `{value}` is outside +/- 2^53")
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise Usage("MAG-E108", f"object key `{key!r}` is not ASCII")
            _check_domain(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_domain(item, depth + 1)
    else:
        raise Usage("MAG-E108", f"a value of type `{type(value).__name__}` has no canonical form")
