"""Request: proof of who calls a door, signed over method, path and body; at most 120 seconds."""

from __future__ import annotations

import base64
import binascii
from typing import ClassVar, Final

from magistrate.errors import Refused
from magistrate.wire.document import Body, Digest, Line
from magistrate.wire.envelope import Envelope, decode_envelope

REQUEST_SECONDS: Final = 120
SCHEME: Final = "Magistrate "
MAX_HEADER: Final = 8192


class Request(Body, frozen=True, kw_only=True):
    """Body; audience `control` or `gate`. `caller` is a person or a process (`executor`)."""

    NAME: ClassVar[str] = "request"

    caller: Line
    method: Line
    path: Line
    body_sha256: Digest


def authorization_value(envelope: Envelope) -> str:
    """Value of the `Authorization` header."""
    return SCHEME + base64.urlsafe_b64encode(envelope.encode()).decode()


def envelope_of(header: str) -> Envelope:
    """Read the envelope out of an `Authorization` header.

    Raises:
        Refused: MAG-E106 when the header has another form.
    """
    if not header.startswith(SCHEME) or len(header) > MAX_HEADER:
        raise Refused("MAG-E106", "the request carries no signed authorization")
    try:
        raw = base64.b64decode(header[len(SCHEME) :], altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise Refused("MAG-E106", "the authorization header is not base64") from error
    return decode_envelope(raw)
