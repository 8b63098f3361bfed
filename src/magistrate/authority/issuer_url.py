"""Where an issuer may be asked: apart from its tokens, so that who reads settings loads no cryptography.

Rule kept (R52): a token or what opens one travels over TLS, or does not leave this machine.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from magistrate.errors import Refused

_LOOPBACK: Final = re.compile(r"127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1|localhost")


def verify_issuer_url(url: str) -> None:
    """Check that an issuer may be asked at an address: https, or http to this machine; no user, query or fragment.

    Raises:
        Refused: MAG-E128 with what is wrong; the address is not repeated.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _wrong("is no address") from error
    if not host or not url.isascii() or not url.isprintable() or " " in url or port == 0:
        raise _wrong("is no address")
    if parts.scheme != "https" and not (parts.scheme == "http" and _LOOPBACK.fullmatch(host)):
        raise _wrong("must begin with https:// (http:// only on this machine: 127.0.0.1, ::1, localhost)")
    if parts.query or parts.fragment or "@" in parts.netloc or "?" in url or "#" in url:
        raise _wrong("holds a user, a query or a fragment")


def _wrong(why: str) -> Refused:
    return Refused("MAG-E128", why)
