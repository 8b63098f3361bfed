"""Who calls a door: a signed Request over method, path and body, at most 120 seconds old.

Rule kept: the caller is whoever holds the key in the roster, never a name that was sent; the
name in the request must agree. Replay is for the door to remember, by the request's id.
"""

from __future__ import annotations

from dataclasses import dataclass

from magistrate.authority.roster import TrustedRoster, raw_key
from magistrate.errors import Refused
from magistrate.wire.canonical import digest
from magistrate.wire.document import Document, open_envelope, verify_current
from magistrate.wire.envelope import Envelope, process_keyid, verify_process_signature
from magistrate.wire.request import REQUEST_SECONDS, Request
from magistrate.wire.roster import Person
from magistrate.wire.times import unix_seconds

EXECUTOR = "executor"
PROCESSES = (EXECUTOR, "front", "control", "gate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A verified caller. `person` is None for a process; `keyid` names the key that signed.

    `request` is the id to remember until `expires` (Unix seconds).
    """

    name: str
    person: Person | None
    keyid: str
    request: str
    expires: int


def verify_request(  # noqa: PLR0913, PLR0917  what was signed, and against what
    envelope: Envelope,
    roster: TrustedRoster,
    method: str,
    path: str,
    body: bytes,
    now: int,
    audience: str,
    *,
    body_sha256: str = "",
) -> Caller:
    """Verify a signed request for this door; `path` includes the query string.

    `body_sha256` stands for a body that was hashed while it streamed in.

    Raises:
        Refused: MAG-E106, MAG-E107 signature; MAG-E103, MAG-E104 another document or audience;
            MAG-E105 expired; MAG-E110 another method, path, body or name.
        Usage: MAG-E101, MAG-E102 malformed.
    """
    if len(envelope.signatures) != 1:
        raise Refused("MAG-E106", "a request carries exactly one signature")
    keyid = envelope.signatures[0].keyid
    person = None
    if keyid.startswith("SHA256:"):
        person = roster.verify_signer(envelope, keyid)
        name = person.person
    else:
        name = _process_of(envelope, roster, keyid)
    document = open_envelope(envelope, Request, deployment=roster.deployment, audience=audience)
    expires = _verify_fresh(document, now)
    for what, signed, seen in (
        ("caller", document.body.caller, name),
        ("method", document.body.method, method),
        ("path", document.body.path, path),
        ("body", document.body.body_sha256, body_sha256 or digest(body)),
    ):
        if signed != seen:
            raise Refused("MAG-E110", f"the request was signed for another {what}")
    return Caller(name=name, person=person, keyid=keyid, request=document.id, expires=expires)


def _process_of(envelope: Envelope, roster: TrustedRoster, keyid: str) -> str:
    processes = roster.body.processes
    keys = [(EXECUTOR, text) for text in processes.executors]
    keys += [("front", processes.front), ("control", processes.control), ("gate", processes.gate)]
    for name, text in keys:
        if process_keyid(raw_key(text)) == keyid:
            verify_process_signature(envelope, raw_key(text))
            return name
    raise Refused("MAG-E107", f"`{keyid[:30]}` is the key of no process of the roster")


def _verify_fresh(document: Document[Request], now: int) -> int:
    verify_current(document, now)
    if document.expires is None:
        raise Refused("MAG-E105", "a request without an expiry")
    expires = unix_seconds(document.expires)
    if expires - unix_seconds(document.issued) > REQUEST_SECONDS:
        raise Refused("MAG-E105", f"a request is valid for {REQUEST_SECONDS} seconds at most")
    return expires
