"""Keys of processes: Ed25519 in PKCS8 PEM files that only their owner can read."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from magistrate.errors import NotFound, Refused, Usage


def write_new(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file that must not exist yet, with its mode from the first moment, durably.

    Raises:
        Usage: MAG-E593 when it exists.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    except FileExistsError as error:
        raise Usage("MAG-E593", f"`{path}` exists already; nothing is ever overwritten") from error
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def create_process_key(path: Path) -> Ed25519PrivateKey:
    """Make a key and write it (0600); never over another (raises Usage MAG-E593)."""
    key = Ed25519PrivateKey.generate()
    write_new(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def load_process_key(path: Path) -> Ed25519PrivateKey:
    """Read a process key.

    Raises:
        NotFound: MAG-E594 when there is none.
        Refused: MAG-E595 when others may read it; MAG-E596 when it is no Ed25519 key.
    """
    content = read_private(path)
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError) as error:
        raise Refused("MAG-E596", f"`{path}` is not a private key in PEM") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Refused("MAG-E596", f"`{path}` is not an Ed25519 key")
    return key


def read_private(path: Path) -> bytes:
    """Read a file that nobody but its owner may read.

    Raises:
        NotFound: MAG-E594 when it is not there or may not be read.
        Refused: MAG-E595 when group or others have any right on it.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise Refused("MAG-E595", f"`{path}` can be read by others (mode {mode:04o})", hint=f"chmod 600 {path}")
            return file.read(1_000_000)
    except OSError as error:
        raise NotFound("MAG-E594", f"the key file `{path}` cannot be read: {error.strerror}") from error


def replace_key(path: Path, successor: Path) -> None:
    """Put the key in `successor` in the place of the one in `path`, whose bytes are overwritten first; durable.

    Rule kept: it may stop anywhere and be done again; `successor` holds the new key until it stands in its place.
    """
    with path.open("r+b") as file:
        file.write(os.urandom(max(1, path.stat().st_size)))
        file.flush()
        os.fsync(file.fileno())
    successor.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def public_text(key: Ed25519PrivateKey) -> str:
    """Base64 of the raw public key, as the roster writes it."""
    return base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
