"""Who this executor is: its key, its deployment, and how it signs what it says."""

from __future__ import annotations

import base64
import secrets
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from magistrate.wire.document import Body, Document, document, open_envelope, seal_by_process
from magistrate.wire.envelope import Envelope, process_keyid, verify_process_signature
from magistrate.wire.sshsig import GIT, InMemorySshKey, armor, sign_sshsig

B = TypeVar("B", bound=Body)


def new_identifier(prefix: str) -> str:
    """`<prefix>-<26 base32 characters>` with 128 random bits."""
    text = base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()
    return f"{prefix}-{text}"


class Identity:
    """The executor's key in use. Rule kept: the key itself never leaves this object."""

    def __init__(self, key: Ed25519PrivateKey, *, deployment: str) -> None:
        self._key = key
        self.deployment = deployment
        self.public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.keyid = process_keyid(self.public)

    def frame(self, body: B, prefix: str, *, now: int, lifetime: int | None, audience: str = "") -> Document[B]:
        """Put a body into a document with a fresh id; `lifetime` in seconds or None."""
        return document(
            body, deployment=self.deployment, id=new_identifier(prefix), now=now, lifetime=lifetime, audience=audience
        )

    def seal(self, framed: Document[B]) -> Envelope:
        """Sign a document with the executor's key."""
        return seal_by_process(framed, self._key)

    def sign_for_git(self, text: bytes) -> str:
        """An SSH signature as git makes and reads it (`gpg.format=ssh`), in its text form.

        Its namespace `git` is part of what is signed, so that it is never one of a document.
        """
        return armor(sign_sshsig(InMemorySshKey(self._key), GIT, text))

    def open_own(self, envelope: Envelope, body: type[B]) -> Document[B]:
        """Open a document that this executor signed (raises Refused, Usage)."""
        verify_process_signature(envelope, self.public)
        return open_envelope(envelope, body, deployment=self.deployment)
