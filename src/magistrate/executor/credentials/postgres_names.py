"""Which role belongs to which lease: `lease_` and the id of the lease, both ways and without two meanings.

Rule kept: two leases never have one role, and every role under the prefix has a lease by which it is named, told of and
ended, also one that nobody minted. PostgreSQL cuts names after 63 bytes; a name that would be cut is nobody's.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote

from magistrate.errors import NotFound, Refused

PREFIX: Final = "lease_"
MOST_BYTES: Final = 63
_LEASE: Final = re.compile(r"([a-z]{3})-([a-z2-7]{26})\Z", re.ASCII)
_MINTED: Final = re.compile(r"lease_([a-z]{3})_([a-z2-7]{26})\Z", re.ASCII)
_PLANTED: Final = "role:"


def minted_role(lease: str) -> str:
    """The role of a lease that may be minted; it needs no quotes in SQL.

    Raises:
        Refused: MAG-E410 when it is not the id of a lease document.
    """
    own = _LEASE.match(lease)
    if own is None:
        raise Refused("MAG-E410", f"{lease[:80]!r} is not the id of a lease; no role is made for it")
    return f"{PREFIX}{own[1]}_{own[2]}"


def minted(role: str) -> bool:
    """Whether a role has the name of a lease that may be minted."""
    return _MINTED.match(role) is not None


def role_of(lease: str) -> str:
    """The role that `lease` names, to be looked at or ended: one that was minted, or one that was found.

    Raises:
        NotFound: MAG-E334 when it can be no role of a lease.
    """
    if _LEASE.match(lease) is not None:
        return minted_role(lease)
    name = _unquoted(lease.removeprefix(_PLANTED)) if lease.isascii() else ""
    if not name.startswith(PREFIX) or len(name.encode()) > MOST_BYTES or "\0" in name or lease_of(name) != lease:
        raise NotFound("MAG-E334", f"{lease[:80]!r} names no role of a lease")
    return name


def lease_of(role: str) -> str:
    """The lease of a role whose name begins with the prefix: its id, else `role:` and its name, in plain ASCII."""
    own = _MINTED.match(role)
    return f"{own[1]}-{own[2]}" if own is not None else _PLANTED + quote(role, safe="")


def _unquoted(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return ""
