"""Who calls: the signed Request of a person or a process, used once."""

from __future__ import annotations

from collections.abc import Collection

from starlette.requests import Request as HttpRequest

from magistrate.authority.request import Caller, verify_request
from magistrate.entrypoints.control.desk import ControlParts
from magistrate.errors import Refused
from magistrate.wire.request import envelope_of

PEOPLE = "people"
AUDIENCE = "control"


def authenticate(parts: ControlParts, http: HttpRequest, body_sha256: str, doors: Collection[str], now: int) -> Caller:
    """Verify the caller and that this door is theirs; a request that changes something works once.

    `doors` names processes, or `people`.

    Raises:
        Refused: MAG-E106, MAG-E107, MAG-E105, MAG-E110 not signed for this; MAG-E453 seen
            before; MAG-E454 another door. Unavailable: MAG-E443.
    """
    envelope = envelope_of(http.headers.get("authorization", ""))
    caller = verify_request(
        envelope, parts.trust.roster(), http.method, signed_path(http), b"", now, AUDIENCE, body_sha256=body_sha256
    )
    kind = PEOPLE if caller.person is not None else caller.name
    if kind not in doors:
        raise Refused("MAG-E454", f"this door is not for `{caller.name}`")
    if http.method != "GET":
        with parts.store.transaction() as unit:
            if not unit.use_request(caller.request, caller.expires, now):
                raise Refused("MAG-E453", "this signed request was used before")
    return caller


def signed_path(http: HttpRequest) -> str:
    """Path and query as they came over the wire."""
    raw = http.scope.get("raw_path") or http.url.path.encode()
    query = http.scope.get("query_string", b"")
    return (raw.split(b"?")[0] + (b"?" + query if query else b"")).decode("latin-1")
