"""DSSE envelopes: signatures over a payload together with its type.

Follows secure-systems-lab DSSE v1.0.0: the signature covers the pre-authentication encoding
`DSSEv1 SP len(type) SP type SP len(payload) SP payload`. A process signs with Ed25519
(keyid `ed25519:<hex sha256 of the raw public key>`); a person signs an SSHSIG over the same
bytes (keyid `SHA256:…`), in a namespace of its own for each kind of document.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from magistrate.errors import Refused
from magistrate.wire.canonical import canonical, decode_canonical, digest
from magistrate.wire.sshsig import SshSigner, fingerprint, sign_sshsig, verify_sshsig

MAX_SIGNATURES: Final = 32


class Signature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One signature: which key, and base64 of the raw signature bytes."""

    keyid: str
    sig: str


class Envelope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A DSSE envelope; `payload` is standard base64 of the signed bytes."""

    payloadType: str  # noqa: N815  the DSSE field name
    payload: str
    signatures: tuple[Signature, ...]

    def payload_bytes(self) -> bytes:
        """The signed bytes.

        Raises:
            Refused: MAG-E106 when the base64 is not canonical.
        """
        return _strict_base64(self.payload)

    def payload_digest(self) -> str:
        """Digest of the signed bytes: how other documents refer to this one."""
        return digest(self.payload_bytes())

    def encode(self) -> bytes:
        """Canonical JSON of the envelope."""
        return canonical(self)


def decode_envelope(content: bytes) -> Envelope:
    """Read an envelope; only its canonical spelling is accepted (raises Usage)."""
    return decode_canonical(content, Envelope)


def pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """The DSSE pre-authentication encoding (PAE)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def process_keyid(public: Ed25519PublicKey | bytes) -> str:
    """The key id of a process key."""
    raw = public if isinstance(public, bytes) else public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return "ed25519:" + hashlib.sha256(raw).hexdigest()


def ssh_namespace(payload_type: str) -> str:
    """`magistrate-approval-v1` for the payload type `magistrate/approval/v1`."""
    return payload_type.replace("/", "-")


def sign_by_process(payload_type: str, payload: bytes, key: Ed25519PrivateKey) -> Envelope:
    """Sign with a process key."""
    raw = key.sign(pre_authentication(payload_type, payload))
    return _envelope(payload_type, payload, process_keyid(key.public_key()), raw)


def sign_by_person(payload_type: str, payload: bytes, signer: SshSigner) -> Envelope:
    """Sign with a person's SSH key, in the namespace of this kind of document."""
    message = pre_authentication(payload_type, payload)
    raw = sign_sshsig(signer, ssh_namespace(payload_type), message)
    return _envelope(payload_type, payload, fingerprint(signer.public_line), raw)


def join_signatures(first: Envelope, second: Envelope) -> Envelope:
    """One envelope with the signatures of both, which must cover the same payload.

    Raises:
        Refused: MAG-E106 when the payloads differ.
    """
    if (first.payloadType, first.payload) != (second.payloadType, second.payload):
        raise Refused("MAG-E106", "the two envelopes do not cover the same payload")
    extra = tuple(s for s in second.signatures if s not in first.signatures)
    return msgspec.structs.replace(first, signatures=first.signatures + extra)


def verify_process_signature(envelope: Envelope, public: bytes) -> None:
    """Verify that the process key (raw 32 bytes) signed the envelope.

    Raises:
        Refused: MAG-E106 when no signature by this key verifies.
    """
    keyid = process_keyid(public)
    message = pre_authentication(envelope.payloadType, envelope.payload_bytes())
    raw = _signature_of(envelope, keyid)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(raw, message)
    except (InvalidSignature, ValueError) as error:
        raise Refused("MAG-E106", f"the signature of `{keyid[:20]}` does not match") from error


def verify_person_signature(envelope: Envelope, public_line: str) -> None:
    """Verify that the SSH key signed the envelope in the namespace of its type.

    Raises:
        Refused: MAG-E106 when no signature by this key verifies.
    """
    message = pre_authentication(envelope.payloadType, envelope.payload_bytes())
    raw = _signature_of(envelope, fingerprint(public_line))
    verify_sshsig(public_line, ssh_namespace(envelope.payloadType), message, raw)


def _signature_of(envelope: Envelope, keyid: str) -> bytes:
    if len(envelope.signatures) > MAX_SIGNATURES:
        raise Refused("MAG-E106", f"an envelope with {len(envelope.signatures)} signatures")
    found = [s.sig for s in envelope.signatures if s.keyid == keyid]
    if len(found) != 1:
        raise Refused("MAG-E106", f"expected one signature by `{keyid[:20]}`, found {len(found)}")
    return _strict_base64(found[0])


def _strict_base64(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise Refused("MAG-E106", "base64 in an envelope is malformed") from error
    if base64.b64encode(raw).decode() != text:
        raise Refused("MAG-E106", "base64 in an envelope is not canonical")
    return raw


def _envelope(payload_type: str, payload: bytes, keyid: str, raw: bytes) -> Envelope:
    signature = Signature(keyid=keyid, sig=base64.b64encode(raw).decode())
    return Envelope(payloadType=payload_type, payload=base64.b64encode(payload).decode(), signatures=(signature,))
