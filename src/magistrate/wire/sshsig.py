"""SSH signatures of people: the SSHSIG format of OpenSSH (PROTOCOL.sshsig).

Rule kept: the namespace is part of what is signed, so a signature over one kind of
document, or over a git commit, is never valid for another kind. Only ssh-ed25519,
ecdsa-sha2-nistp256 and rsa-sha2-512 (3072 bits or more) are accepted.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from magistrate.errors import Refused

MAGIC: Final = b"SSHSIG"
HASH: Final = b"sha512"
MIN_RSA_BITS: Final = 3072
GIT: Final = "git"
"""The namespace in which git signs commits and tags."""
_HEAD: Final = "-----BEGIN SSH SIGNATURE-----"
_FOOT: Final = "-----END SSH SIGNATURE-----"


class SshSigner(Protocol):
    """Something that holds a private SSH key: a file in memory or an agent."""

    @property
    def public_line(self) -> str:
        """`ssh-ed25519 AAAA…` without a comment."""

    def sign_blob(self, blob: bytes) -> bytes:
        """SSH signature blob (`string algorithm, string signature`) over the bytes."""


def pack(*parts: bytes) -> bytes:
    """SSH strings: a big-endian uint32 length before each part (RFC 4251)."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def unpack(blob: bytes, count: int) -> list[bytes]:
    """Read exactly `count` SSH strings that fill the blob.

    Raises:
        Refused: MAG-E106 when the blob has another shape.
    """
    parts, offset = [], 0
    for _ in range(count):
        end = offset + 4
        size = int.from_bytes(blob[offset:end], "big")
        if end > len(blob) or end + size > len(blob):
            raise Refused("MAG-E106", "an SSH signature is cut short")
        parts.append(blob[end : end + size])
        offset = end + size
    if offset != len(blob):
        raise Refused("MAG-E106", "an SSH signature has bytes after its end")
    return parts


def key_blob(public_line: str) -> bytes:
    """The binary public key of an `authorized_keys` style line.

    Raises:
        Refused: MAG-E107 when the line is not a public key.
    """
    fields = public_line.split()
    try:
        return base64.b64decode(fields[1], validate=True)
    except (IndexError, binascii.Error) as error:
        raise Refused("MAG-E107", f"`{public_line[:40]}` is not an SSH public key") from error


def fingerprint(public_line: str) -> str:
    """`SHA256:…` as `ssh-keygen -l` prints it: the key id of a person's signature."""
    raw = hashlib.sha256(key_blob(public_line)).digest()
    return "SHA256:" + base64.b64encode(raw).rstrip(b"=").decode()


def signed_bytes(namespace: str, message: bytes) -> bytes:
    """What is really signed: magic, namespace, reserved, hash name, SHA-512 of the message."""
    return MAGIC + pack(namespace.encode(), b"", HASH, hashlib.sha512(message).digest())


def sign_sshsig(signer: SshSigner, namespace: str, message: bytes) -> bytes:
    """A binary SSHSIG over the message; `armor` makes the text form of ssh-keygen."""
    signature = signer.sign_blob(signed_bytes(namespace, message))
    head = MAGIC + (1).to_bytes(4, "big")
    return head + pack(key_blob(signer.public_line), namespace.encode(), b"", HASH, signature)


def armor(signature: bytes) -> str:
    """The text form that `ssh-keygen -Y verify` reads."""
    body = base64.b64encode(signature).decode()
    lines = [body[i : i + 70] for i in range(0, len(body), 70)]
    return "\n".join([_HEAD, *lines, _FOOT, ""])


def split_signed(content: bytes) -> tuple[bytes, bytes]:
    """What git signed, and the binary signature that it appended to it.

    Raises:
        Refused: MAG-E106 when there is not exactly one signature, at the end.
    """
    text, head, rest = content.partition(f"{_HEAD}\n".encode())
    body, foot, after = rest.partition(f"{_FOOT}\n".encode())
    if not head or not foot or after or (text and not text.endswith(b"\n")):
        raise Refused("MAG-E106", "there is not one SSH signature at the end")
    try:
        return text, base64.b64decode(b"".join(body.split(b"\n")), validate=True)
    except binascii.Error as error:
        raise Refused("MAG-E106", "the SSH signature is not in its text form") from error


def ssh_line(raw: bytes) -> str:
    """The `ssh-ed25519 AAAA...` form of a raw Ed25519 public key (32 bytes)."""
    return f"ssh-ed25519 {base64.b64encode(pack(b'ssh-ed25519', raw)).decode()}"


def verify_sshsig(public_line: str, namespace: str, message: bytes, signature: bytes) -> None:
    """Verify a binary SSHSIG by exactly this key in exactly this namespace.

    Raises:
        Refused: MAG-E106 when it does not verify, MAG-E107 when the key is too weak or unknown.
    """
    if signature[:10] != MAGIC + (1).to_bytes(4, "big"):
        raise Refused("MAG-E106", "not an SSHSIG of version 1")
    blob, space, reserved, hash_name, inner = unpack(signature[10:], 5)
    if blob != key_blob(public_line):
        raise Refused("MAG-E106", "the SSH signature was made by another key")
    if space != namespace.encode() or reserved or hash_name != HASH:
        raise Refused("MAG-E106", f"the SSH signature is not in the namespace `{namespace}`")
    algorithm, raw = unpack(inner, 2)
    _verify_raw(public_line, algorithm, raw, signed_bytes(namespace, message))


def _verify_raw(public_line: str, algorithm: bytes, raw: bytes, signed: bytes) -> None:
    try:
        key = serialization.load_ssh_public_key(" ".join(public_line.split()[:2]).encode())
        if isinstance(key, ed25519.Ed25519PublicKey) and algorithm == b"ssh-ed25519":
            key.verify(raw, signed)
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm == b"ecdsa-sha2-nistp256":
            r, s = (int.from_bytes(part, "big") for part in unpack(raw, 2))
            key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey) and algorithm == b"rsa-sha2-512":
            if key.key_size < MIN_RSA_BITS:
                raise Refused("MAG-E107", f"an RSA key of {key.key_size} bits is too short")
            key.verify(raw, signed, padding.PKCS1v15(), hashes.SHA512())
        else:
            raise Refused("MAG-E107", f"key type `{public_line.split(maxsplit=1)[0]}` is not accepted")
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Refused("MAG-E107", f"the SSH public key cannot be read: {error}") from error
    except InvalidSignature as error:
        raise Refused("MAG-E106", "the SSH signature does not match") from error


class InMemorySshKey:
    """A private SSH key loaded in this process (tests, key files, no agent)."""

    def __init__(self, private: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
        self._private = private
        public = private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        self._line = public.decode()

    @property
    def public_line(self) -> str:
        """`ssh-ed25519 AAAA…` without a comment."""
        return self._line

    def sign_blob(self, blob: bytes) -> bytes:
        """SSH signature blob over the bytes."""
        if isinstance(self._private, ed25519.Ed25519PrivateKey):
            return pack(b"ssh-ed25519", self._private.sign(blob))
        if isinstance(self._private, rsa.RSAPrivateKey):
            return pack(b"rsa-sha2-512", self._private.sign(blob, padding.PKCS1v15(), hashes.SHA512()))
        return pack(b"ecdsa-sha2-nistp256", _der_to_mpints(self._private.sign(blob, ec.ECDSA(hashes.SHA256()))))


def _der_to_mpints(der: bytes) -> bytes:
    r, s = decode_dss_signature(der)
    return pack(*(n.to_bytes((n.bit_length() // 8) + 1, "big") for n in (r, s)))
