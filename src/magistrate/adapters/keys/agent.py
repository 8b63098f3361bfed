"""A person's SSH key that stays in a running ssh-agent.

Speaks the two messages that are needed of the agent protocol (draft-ietf-sshm-ssh-agent):
list the identities, sign a blob. The private key never comes here.
"""

from __future__ import annotations

import base64
import socket
from typing import Final

from magistrate.errors import NotFound, Refused, Unavailable
from magistrate.wire.sshsig import fingerprint, pack

_REQUEST_IDENTITIES: Final = 11
_IDENTITIES_ANSWER: Final = 12
_SIGN_REQUEST: Final = 13
_SIGN_RESPONSE: Final = 14
_RSA_SHA2_512: Final = 4
_MAX_ANSWER: Final = 262_144
_SECONDS: Final = 60
"""Long enough to touch a security key or to confirm a dialogue."""


class AgentKey:
    """One identity in the agent, used as a signer."""

    def __init__(self, path: str, public_line: str) -> None:
        self._path = path
        self._line = public_line

    @property
    def public_line(self) -> str:
        """`ssh-ed25519 AAAA…` without a comment."""
        return self._line

    def sign_blob(self, blob: bytes) -> bytes:
        """SSH signature blob over the bytes.

        Raises:
            Refused: MAG-E597 when the agent does not sign. Unavailable: MAG-E598 when it is gone.
        """
        kind, encoded = self._line.split()
        flags = _RSA_SHA2_512 if kind == "ssh-rsa" else 0
        body = bytes([_SIGN_REQUEST]) + pack(base64.b64decode(encoded), blob) + flags.to_bytes(4, "big")
        answer = _ask(self._path, body)
        if not answer or answer[0] != _SIGN_RESPONSE:
            raise Refused("MAG-E597", f"the ssh-agent did not sign with `{fingerprint(self._line)}`")
        signature, end = _string(answer, 1)
        if end != len(answer):
            raise Unavailable("MAG-E598", "the ssh-agent answered with something else than a signature")
        return signature


def agent_keys(path: str) -> tuple[AgentKey, ...]:
    """Every identity the agent at this socket holds.

    Raises:
        Unavailable: MAG-E598 when no agent answers there.
    """
    answer = _ask(path, bytes([_REQUEST_IDENTITIES]))
    if len(answer) < 5 or answer[0] != _IDENTITIES_ANSWER:  # noqa: PLR2004  one byte and a count
        raise Unavailable("MAG-E598", "the ssh-agent did not list its keys")
    count, at, found = int.from_bytes(answer[1:5], "big"), 5, []
    for _ in range(count):
        blob, at = _string(answer, at)
        _, at = _string(answer, at)
        kind, _ = _string(blob, 0)
        found.append(AgentKey(path, f"{kind.decode('ascii', 'replace')} {base64.b64encode(blob).decode()}"))
    return tuple(found)


def agent_key(path: str, fingerprints: frozenset[str]) -> AgentKey:
    """The first identity whose fingerprint is one of these.

    Raises:
        Unavailable: MAG-E598 when no agent answers. NotFound: MAG-E594 when it holds none of them.
    """
    held = agent_keys(path)
    for key in held:
        if fingerprint(key.public_line) in fingerprints:
            return key
    raise NotFound(
        "MAG-E594", f"the ssh-agent holds {len(held)} keys, none of them in the roster for this person",
        hint="`ssh-add FILE` adds one; `ssh-add -l` lists them",
    )  # fmt: skip


def _ask(path: str, body: bytes) -> bytes:
    if not path:
        raise Unavailable("MAG-E598", "no ssh-agent is running (SSH_AUTH_SOCK is not set)", hint="eval $(ssh-agent)")
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_SECONDS)
            connection.connect(path)
            connection.sendall(pack(body))
            size = int.from_bytes(_read(connection, 4), "big")
            if size > _MAX_ANSWER:
                raise Unavailable("MAG-E598", "the ssh-agent answered with too much")
            return _read(connection, size)
    except OSError as error:
        raise Unavailable("MAG-E598", f"the ssh-agent at `{path}` does not answer: {error}") from error


def _read(connection: socket.socket, size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            raise Unavailable("MAG-E598", "the ssh-agent hung up")
        parts += part
    return parts


def _string(blob: bytes, at: int) -> tuple[bytes, int]:
    size = int.from_bytes(blob[at : at + 4], "big")
    end = at + 4 + size
    if at + 4 > len(blob) or end > len(blob):
        raise Unavailable("MAG-E598", "the ssh-agent answered with a message cut short")
    return blob[at + 4 : end], end
