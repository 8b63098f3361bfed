"""A person's SSH key from an OpenSSH file; an encrypted one asks for its passphrase."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_ssh_private_key

from magistrate.adapters.keys.process import read_private, write_new
from magistrate.adapters.keys.unlocked import unlock
from magistrate.errors import Refused
from magistrate.wire.sshsig import MIN_RSA_BITS, InMemorySshKey, SshSigner


def load_person_key(path: Path) -> SshSigner:
    """Read a private key; the passphrase of an encrypted one is asked by OpenSSH itself.

    Raises:
        NotFound: MAG-E594 when there is none. Refused: MAG-E595 when others may read it,
            MAG-E596 when it is no usable key or does not open.
    """
    content = read_private(path)
    if b"OPENSSH PRIVATE KEY" not in content:
        raise Refused(
            "MAG-E596", f"`{path}` is not an OpenSSH private key",
            hint="name the private half; an old PEM key is converted by `ssh-keygen -p -f FILE`",
        )  # fmt: skip
    if _encrypted(content, path):
        return unlock(path)
    try:
        key: object = load_ssh_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Refused("MAG-E596", f"`{path}` is damaged or of a kind that is not accepted", hint=_KINDS) from error
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < MIN_RSA_BITS:
        raise Refused("MAG-E596", f"`{path}` is an RSA key of {key.key_size} bits", hint=_KINDS)
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name != "secp256r1":
        raise Refused("MAG-E596", f"`{path}` is on the curve {key.curve.name}", hint=_KINDS)
    if not isinstance(key, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise Refused("MAG-E596", f"`{path}` is of a kind that is not accepted", hint=_KINDS)
    return InMemorySshKey(key)


_KINDS = "ssh-ed25519, ecdsa-sha2-nistp256 and RSA of 3072 bits or more are; `ssh-keygen -t ed25519` makes one"


def create_person_key(path: Path, comment: str) -> InMemorySshKey:
    """Make an Ed25519 key in OpenSSH form (0600) with its `.pub` beside it; never over another."""
    private = ed25519.Ed25519PrivateKey.generate()
    write_new(path, private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    signer = InMemorySshKey(private)
    write_new(path.with_name(path.name + ".pub"), f"{signer.public_line} {comment}\n".encode(), 0o644)
    return signer


def _encrypted(content: bytes, path: Path) -> bool:
    """Whether the file names a cipher (PROTOCOL.key of OpenSSH: magic, then the cipher's name)."""
    lines = [line for line in content.splitlines() if line and not line.startswith(b"-----")]
    try:
        raw = base64.b64decode(b"".join(lines), validate=True)
    except binascii.Error as error:
        raise Refused("MAG-E596", f"`{path}` is damaged") from error
    return raw[15:23] != (4).to_bytes(4, "big") + b"none"
