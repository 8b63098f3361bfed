"""Who calls a door: the signed request, checked against method, path, body and roster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from magistrate.authority.roster import TrustedRoster, raw_key
from magistrate.errors import Refused
from magistrate.wire.canonical import digest
from magistrate.wire.document import open_envelope, verify_current
from magistrate.wire.envelope import Envelope, process_keyid, verify_process_signature
from magistrate.wire.request import REQUEST_SECONDS, Request
from magistrate.wire.roster import Person
from magistrate.wire.times import unix_seconds

EXECUTOR: Final = "executor"
FRONT: Final = "front"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who signed a request. `name` is a person, `executor` or `front`; `id` is used once."""

    name: str
    keyid: str
    person: Person | None
    id: str
    expires: str


def verify_request(  # noqa: PLR0913  each part of the request is bound
    envelope: Envelope,
    roster: TrustedRoster,
    method: str,
    path: str,
    body: bytes,
    now: int,
    audience: str,
) -> Caller:
    """Verify a signed request; `path` is the path with its query as sent.

    Raises:
        Refused: MAG-E106, MAG-E107 signature, MAG-E105 time, MAG-E104 other door, MAG-E110 when
            it was signed for another method, path or body.
    """
    if len(envelope.signatures) != 1:
        raise Refused("MAG-E106", "a request carries exactly one signature")
    keyid = envelope.signatures[0].keyid
    document = open_envelope(envelope, Request, deployment=roster.deployment, audience=audience)
    person = _verify_signer(envelope, roster, keyid, document.body.caller)
    verify_current(document, now)
    if document.expires is None or _seconds(document.issued, document.expires) > REQUEST_SECONDS:
        raise Refused("MAG-E105", f"a request is valid for {REQUEST_SECONDS} seconds at most")
    signed = (document.body.method, document.body.path, document.body.body_sha256)
    if signed != (method, path, digest(body)):
        raise Refused("MAG-E110", f"the request was signed for `{signed[0]} {signed[1][:60]}` or another body")
    return Caller(
        name=document.body.caller, keyid=keyid, person=person, id=document.id, expires=document.expires
    )


def _verify_signer(envelope: Envelope, roster: TrustedRoster, keyid: str, caller: str) -> Person | None:
    if caller == EXECUTOR:
        verify_process_signature(envelope, roster.executor_key(keyid))
        return None
    if caller == FRONT:
        front = raw_key(roster.body.processes.front)
        if process_keyid(front) != keyid:
            raise Refused("MAG-E107", "the request was not signed by front")
        verify_process_signature(envelope, front)
        return None
    person = roster.verify_signer(envelope, keyid)
    if person.person != caller:
        raise Refused("MAG-E122", f"`{person.person}` calls in the name of `{caller[:60]}`")
    return person


def _seconds(issued: str, expires: str) -> int:
    return unix_seconds(expires) - unix_seconds(issued)
