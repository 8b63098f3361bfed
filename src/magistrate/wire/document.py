"""The frame of every document that crosses a process border.

`{"type": "magistrate/<name>/v1", "deployment", "audience", "id", "issued", "expires", "body"}`
in canonical JSON. Rule kept: a reader refuses another deployment, audience, type, major
version, an unknown field, a document that is expired or from the future.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Generic, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from magistrate.errors import Refused, Usage
from magistrate.wire.canonical import canonical, decode_canonical, digest
from magistrate.wire.envelope import Envelope, sign_by_person, sign_by_process
from magistrate.wire.sshsig import SshSigner
from magistrate.wire.times import rfc3339, unix_seconds

CLOCK_SKEW_SECONDS: Final = 30

Digest = Annotated[str, msgspec.Meta(pattern=r"^sha256:[0-9a-f]{64}$")]
GitId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{40}$")]
Time = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
Identifier = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{3}-[a-z2-7]{26}$")]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]
Line = Annotated[str, msgspec.Meta(max_length=4096)]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every document body; subclasses name the document and its audience."""

    NAME: ClassVar[str] = ""
    AUDIENCE: ClassVar[str] = "everyone"

    @classmethod
    def document_type(cls) -> str:
        """`magistrate/<name>/v1`."""
        return f"magistrate/{cls.NAME}/v1"


B = TypeVar("B", bound=Body)


class Document(msgspec.Struct, Generic[B], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document: header and body. `expires` is null for what never lapses by itself."""

    type: str
    deployment: Name
    audience: str
    id: Identifier
    issued: Time
    expires: Time | None
    body: B

    def payload(self) -> bytes:
        """The canonical bytes that are signed and digested."""
        return canonical(self)

    def digest(self) -> str:
        """How other documents refer to this one."""
        return digest(self.payload())


def document(  # noqa: PLR0913  the header fields of a document
    body: B,
    *,
    deployment: str,
    id: str,  # noqa: A002  the name of the header field
    now: int,
    lifetime: int | None,
    audience: str = "",
) -> Document[B]:
    """Frame a body. `now` in Unix seconds, `lifetime` in seconds or None."""
    return Document(
        type=body.document_type(),
        deployment=deployment,
        audience=audience or body.AUDIENCE,
        id=id,
        issued=rfc3339(now),
        expires=None if lifetime is None else rfc3339(now + lifetime),
        body=body,
    )


def seal_by_process(doc: Document[B], key: Ed25519PrivateKey) -> Envelope:
    """Sign a document with a process key."""
    return sign_by_process(doc.type, doc.payload(), key)


def seal_by_person(doc: Document[B], signer: SshSigner) -> Envelope:
    """Sign a document with a person's SSH key."""
    return sign_by_person(doc.type, doc.payload(), signer)


def open_payload(payload: bytes, body: type[B], *, deployment: str, audience: str = "") -> Document[B]:
    """Decode a payload whose signature the caller has verified or will verify.

    Raises:
        Usage: MAG-E101, MAG-E102 for another shape.
        Refused: MAG-E103 for another type, MAG-E104 for another deployment or audience.
    """
    kind: type[Document[B]] = Document[body]  # type: ignore[valid-type]
    doc = decode_canonical(payload, kind)
    if doc.type != body.document_type():
        raise Refused("MAG-E103", f"expected `{body.document_type()}`, got `{doc.type[:60]}`")
    if doc.deployment != deployment:
        raise Refused("MAG-E104", f"document of the deployment `{doc.deployment}`")
    if doc.audience != (audience or body.AUDIENCE):
        raise Refused("MAG-E104", f"document for the audience `{doc.audience[:60]}`")
    return doc


def open_envelope(envelope: Envelope, body: type[B], *, deployment: str, audience: str = "") -> Document[B]:
    """Decode the document in an envelope; the type of both must agree. Verifies no signature.

    Raises:
        Usage, Refused: as `open_payload`.
    """
    if envelope.payloadType != body.document_type():
        raise Refused("MAG-E103", f"expected `{body.document_type()}`, got `{envelope.payloadType[:60]}`")
    return open_payload(envelope.payload_bytes(), body, deployment=deployment, audience=audience)


def verify_current(doc: Document[B], now: int) -> None:
    """Check the validity time; a clock skew of 30 s is allowed for `issued` only.

    Raises:
        Refused: MAG-E105 when not yet valid or expired.
    """
    try:
        issued = unix_seconds(doc.issued)
        expires = None if doc.expires is None else unix_seconds(doc.expires)
    except Usage as error:
        raise Refused("MAG-E105", error.message) from error
    if issued > now + CLOCK_SKEW_SECONDS:
        raise Refused("MAG-E105", f"`{doc.type}` is from the future (`{doc.issued}`)")
    if expires is not None and (expires <= now or expires < issued):
        raise Refused("MAG-E105", f"`{doc.type}` expired at `{doc.expires}`")
