"""Signed notes and verifier keys (C2SP signed-note v1.0.0).

A note is text, an empty line, and signature lines `— <name> <base64(key id || signature)>`.
Rule kept: text counts only after a signature of a configured key has verified; a wrong
signature of a configured key refuses the whole note; other signatures are ignored.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from magistrate.errors import Refused, Usage

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
MAX_NOTE: Final = 262_144
MAX_SIGNATURES: Final = 64
_DASH: Final = "\u2014 "
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key with the name and algorithm under which its signatures are known."""

    name: str
    algorithm: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """First four bytes of SHA-256 of name, newline, algorithm, key."""
        return key_id(self.name, self.algorithm, self.public)

    def encode(self) -> str:
        """The vkey: `<name>+<hex key id>+<base64(algorithm || key)>`."""
        material = base64.b64encode(bytes([self.algorithm]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureLine:
    """One signature line, not yet verified."""

    name: str
    key_id: bytes
    signature: bytes

    def encode(self) -> str:
        """The line with its newline."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"


def key_id(name: str, algorithm: int, public: bytes) -> bytes:
    """Key id of C2SP signed-note: four bytes."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:4]


def verifier_key(name: str, private: Ed25519PrivateKey, algorithm: int = ED25519) -> VerifierKey:
    """The verifier key of a private key."""
    return VerifierKey(name=_checked_name(name), algorithm=algorithm, public=private.public_key().public_bytes_raw())


def parse_vkey(text: str, algorithm: int = ED25519) -> VerifierKey:
    """Read a vkey of the expected algorithm.

    Raises:
        Usage: MAG-E200 when it is malformed, of another algorithm, or its key id is wrong.
    """
    parts = text.split("+", 2)
    try:
        name, identifier, material = parts[0], bytes.fromhex(parts[1]), base64.b64decode(parts[2], validate=True)
    except (IndexError, ValueError) as error:
        raise Usage("MAG-E200", f"`{text[:120]}` is not a verifier key") from error
    if len(material) != 1 + _KEY_BYTES or material[0] != algorithm:
        raise Usage("MAG-E200", f"`{text[:120]}` is not an Ed25519 verifier key of type {algorithm}")
    key = VerifierKey(name=_checked_name(name), algorithm=algorithm, public=material[1:])
    if key.key_id != identifier or key.encode() != text:
        raise Usage("MAG-E200", f"the key id in `{text[:120]}` does not belong to its key")
    return key


def sign_note(text: str, name: str, private: Ed25519PrivateKey) -> str:
    """Sign text (ending in a newline) and return the note."""
    _check_text(text)
    key = verifier_key(name, private)
    line = SignatureLine(name=name, key_id=key.key_id, signature=private.sign(text.encode()))
    return text + "\n" + line.encode()


def split_note(note: str) -> tuple[str, tuple[SignatureLine, ...]]:
    """Text and signature lines of a note; nothing is verified here.

    Raises:
        Refused: MAG-E200 when it is not a note.
    """
    if len(note) > MAX_NOTE:
        raise Refused("MAG-E200", f"a note of more than {MAX_NOTE} characters")
    at = note.rfind("\n\n")
    if at < 0 or not note.endswith("\n"):
        raise Refused("MAG-E200", "a signed note has no signature part")
    text, lines = note[: at + 1], note[at + 2 : -1].split("\n")
    _check_text(text)
    if len(lines) > MAX_SIGNATURES:
        raise Refused("MAG-E200", f"a note with more than {MAX_SIGNATURES} signatures")
    return text, tuple(parse_signature_line(line) for line in lines)


def parse_signature_line(line: str) -> SignatureLine:
    """Read one signature line without its newline.

    Raises:
        Refused: MAG-E200 when it has another form.
    """
    name, separator, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not separator:
        raise Refused("MAG-E200", "a line of a note is not a signature line")
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("MAG-E200", "a signature in a note is not base64") from error
    if len(blob) <= 4 or base64.b64encode(blob).decode() != encoded:  # noqa: PLR2004  four bytes of key id
        raise Refused("MAG-E200", "a signature in a note is too short or not canonical base64")
    return SignatureLine(name=_checked_name(name), key_id=blob[:4], signature=blob[4:])


def signatures_of(key: VerifierKey, lines: tuple[SignatureLine, ...]) -> tuple[SignatureLine, ...]:
    """The lines that claim to be by this key."""
    identifier = key.key_id
    return tuple(line for line in lines if line.name == key.name and line.key_id == identifier)


def verify_ed25519(key: VerifierKey, signature: bytes, message: bytes) -> None:
    """Check one Ed25519 signature.

    Raises:
        Refused: MAG-E201 when it is wrong.
    """
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise Refused("MAG-E201", f"a signature of `{key.name}` does not verify") from error


def open_note(note: str, key: VerifierKey) -> str:
    """The text of a note signed by this key.

    Raises:
        Refused: MAG-E200 when it is not a note, MAG-E201 when the key did not sign it.
    """
    text, lines = split_note(note)
    own = signatures_of(key, lines)
    if not own:
        raise Refused("MAG-E201", f"the note is not signed by `{key.name}`")
    for line in own:
        verify_ed25519(key, line.signature, text.encode())
    return text


def _checked_name(name: str) -> str:
    if not name or "+" in name or any(c.isspace() or c < " " for c in name):
        raise Refused("MAG-E200", "the name of a key is empty or holds spaces or plus signs")
    return name


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(c < " " and c != "\n" for c in text):
        raise Refused("MAG-E200", "the text of a note does not end in a newline or holds control characters")
