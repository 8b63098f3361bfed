"""The pen of control: frames documents with fresh ids and signs them with its process key."""

from __future__ import annotations

import base64
import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from magistrate.wire.document import Body, document, seal_by_process
from magistrate.wire.envelope import Envelope


def fresh_id(prefix: str) -> str:
    """`<prefix>-` and 26 lower-case base32 characters: 128 random bits."""
    return f"{prefix}-" + base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


class ProcessPen:
    """Implements `ports.Pen`."""

    def __init__(self, key: Ed25519PrivateKey, deployment: str) -> None:
        self._key, self._deployment = key, deployment

    def sign(self, body: Body, prefix: str, *, now: int, lifetime: int | None) -> Envelope:
        """Frame a body with a fresh id and sign it."""
        framed = document(body, deployment=self._deployment, id=fresh_id(prefix), now=now, lifetime=lifetime)
        return seal_by_process(framed, self._key)
