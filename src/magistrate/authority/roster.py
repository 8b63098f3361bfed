"""The roster as a root of trust: a chain of versions that begins at a pinned fingerprint.

Rule kept: version n is acceptable only when it names n-1 and a threshold of the persons of
n-1 signed it. Version 1 is acceptable only when its digest is the pinned one and every
person it names signed it. Two persons never share a key.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from magistrate.domain.principal import Mode, Role
from magistrate.errors import Refused
from magistrate.wire.document import Body, Document, open_envelope
from magistrate.wire.envelope import Envelope, process_keyid, verify_person_signature, verify_process_signature
from magistrate.wire.roster import Person, Roster
from magistrate.wire.sshsig import fingerprint

B = TypeVar("B", bound=Body)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedRoster:
    """A verified roster: who holds which key and role now."""

    document: Document[Roster]
    digest: str

    @property
    def body(self) -> Roster:
        """The roster itself."""
        return self.document.body

    @property
    def deployment(self) -> str:
        """Name of the deployment that this roster governs."""
        return self.document.deployment

    @property
    def solo(self) -> bool:
        """Whether one person owns everything here."""
        return self.body.mode is Mode.SOLO

    def person(self, name: str) -> Person:
        """The person of that name.

        Raises:
            Refused: MAG-E122 when the roster names nobody so.
        """
        for person in self.body.persons:
            if person.person == name:
                return person
        raise Refused("MAG-E122", f"`{name[:60]}` is not a person of the roster")

    def person_of_key(self, keyid: str) -> Person:
        """The person who holds the SSH key with this fingerprint.

        Raises:
            Refused: MAG-E107 when nobody does.
        """
        for person in self.body.persons:
            if keyid in {fingerprint(line) for line in person.keys}:
                return person
        raise Refused("MAG-E107", f"the key `{keyid[:60]}` belongs to nobody in the roster")

    def executor_key(self, keyid: str) -> bytes:
        """Raw public key of the executor with this key id (raises Refused MAG-E107)."""
        for text in self.body.processes.executors:
            if process_keyid(raw_key(text)) == keyid:
                return raw_key(text)
        raise Refused("MAG-E107", f"`{keyid[:30]}` is no executor of the roster")

    def open_by_control(self, envelope: Envelope, body: type[B]) -> Document[B]:
        """Open a document that control must have signed (raises Refused, Usage)."""
        return self._open_by(envelope, body, self.body.processes.control)

    def open_by_front(self, envelope: Envelope, body: type[B]) -> Document[B]:
        """Open a document that front must have signed (raises Refused, Usage)."""
        return self._open_by(envelope, body, self.body.processes.front)

    def open_by_executor(self, envelope: Envelope, body: type[B], *, audience: str = "") -> Document[B]:
        """Open a document that any one executor must have signed (raises Refused, Usage)."""
        if len(envelope.signatures) != 1:
            raise Refused("MAG-E106", "a document of an executor carries exactly one signature")
        verify_process_signature(envelope, self.executor_key(envelope.signatures[0].keyid))
        return open_envelope(envelope, body, deployment=self.deployment, audience=audience)

    def open_by_person(self, envelope: Envelope, body: type[B], *, audience: str = "") -> tuple[Document[B], Person]:
        """Open a document that exactly one person signed, and say who (raises Refused, Usage)."""
        if len(envelope.signatures) != 1:
            raise Refused("MAG-E106", "expected the signature of exactly one person")
        person = self.verify_signer(envelope, envelope.signatures[0].keyid)
        return open_envelope(envelope, body, deployment=self.deployment, audience=audience), person

    def verify_signer(self, envelope: Envelope, keyid: str) -> Person:
        """Verify the signature of one person's key on an envelope; return the person."""
        person = self.person_of_key(keyid)
        line = next(line for line in person.keys if fingerprint(line) == keyid)
        verify_person_signature(envelope, line)
        return person

    def signers(self, envelope: Envelope) -> dict[str, Person]:
        """All persons who signed; every signature present must verify (raises Refused)."""
        people = (self.verify_signer(envelope, s.keyid) for s in envelope.signatures)
        return {person.person: person for person in people}

    def verify_role(self, person: Person, role: Role) -> None:
        """Check that the person holds the role now.

        Raises:
            Refused: MAG-E122 otherwise.
        """
        if role not in person.roles:
            raise Refused("MAG-E122", f"`{person.person}` does not hold the role `{role}`")

    def _open_by(self, envelope: Envelope, body: type[B], public: str) -> Document[B]:
        verify_process_signature(envelope, raw_key(public))
        return open_envelope(envelope, body, deployment=self.deployment)


def raw_key(text: str) -> bytes:
    """Raw bytes of a process key as the roster writes it (raises Refused MAG-E107)."""
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise Refused("MAG-E107", "a process key in the roster is not base64") from error
    if len(raw) != 32:  # noqa: PLR2004  the size of an Ed25519 public key
        raise Refused("MAG-E107", f"a process key of {len(raw)} bytes")
    return raw


def trust_roster(chain: Sequence[Envelope], *, pin: str, deployment: str) -> TrustedRoster:
    """Verify a chain of roster versions from the pinned first one to the newest.

    Raises:
        Refused: MAG-E120 when the chain is empty, does not start at the pin, skips or repeats a
            version, lacks signatures, or holds a roster that is not sound.
    """
    return trust_versions(chain, pin=pin, deployment=deployment)[-1]


def trust_versions(chain: Sequence[Envelope], *, pin: str, deployment: str) -> tuple[TrustedRoster, ...]:
    """Every version of the chain, the pinned first one first (raises as `trust_roster`)."""
    if not chain:
        raise Refused("MAG-E120", "no roster was given")
    versions: list[TrustedRoster] = []
    for envelope in chain:
        document = open_envelope(envelope, Roster, deployment=deployment)
        digest = envelope.payload_digest()
        _verify_sound(document.body)
        candidate = TrustedRoster(document=document, digest=digest)
        if versions:
            _verify_next(versions[-1], candidate, envelope)
        else:
            _verify_first(candidate, envelope, pin)
        versions.append(candidate)
    return tuple(versions)


def former_executors(versions: Sequence[TrustedRoster]) -> dict[str, bytes]:
    """Raw public keys of executors that an earlier version named and the newest does not, by key id."""
    named = {text for version in versions[:-1] for text in version.body.processes.executors}
    gone = named - set(versions[-1].body.processes.executors)
    return {process_keyid(raw_key(text)): raw_key(text) for text in sorted(gone)}


def _verify_first(candidate: TrustedRoster, envelope: Envelope, pin: str) -> None:
    if candidate.digest != pin:
        raise Refused(
            "MAG-E120",
            f"the first roster has the fingerprint `{candidate.digest[:23]}`, not the pinned one",
            hint="compare with the fingerprint that `magistrate init` printed",
        )
    if candidate.body.version != 1 or candidate.body.previous is not None:
        raise Refused("MAG-E120", "the first roster is not version 1")
    missing = {p.person for p in candidate.body.persons} - set(candidate.signers(envelope))
    if missing:
        raise Refused("MAG-E120", f"the first roster lacks the signature of `{min(missing)}`")


def _verify_next(trusted: TrustedRoster, candidate: TrustedRoster, envelope: Envelope) -> None:
    if candidate.body.version != trusted.body.version + 1:
        raise Refused("MAG-E120", f"roster version `{candidate.body.version}` is out of order")
    if candidate.body.previous != trusted.digest:
        raise Refused("MAG-E120", "a roster does not name the version before it")
    known = {line for person in trusted.body.persons for line in map(fingerprint, person.keys)}
    signers = {trusted.verify_signer(envelope, s.keyid).person for s in envelope.signatures if s.keyid in known}
    if len(signers) < trusted.body.thresholds.roster:
        raise Refused(
            "MAG-E120",
            f"roster version `{candidate.body.version}` has {len(signers)} of"
            f" {trusted.body.thresholds.roster} signatures",
        )


def _verify_sound(body: Roster) -> None:
    names = [person.person for person in body.persons]
    keys = [fingerprint(line) for person in body.persons for line in person.keys]
    _refuse_when(not names, "names nobody")
    _refuse_when(len(set(names)) != len(names), "names a person twice")
    _refuse_when(len(set(keys)) != len(keys), "gives one key to two persons")
    _refuse_when(any(not person.keys for person in body.persons), "names a person without a key")
    limits = body.thresholds
    _refuse_when(min(limits.roster, limits.policy, limits.witnesses) < 1, "has a threshold of zero")
    _refuse_when(limits.roster > len(names) or limits.policy > len(names), "needs more people than it names")
    processes = body.processes
    _refuse_when(limits.witnesses > len(processes.witnesses), "needs more witnesses than it names")
    alone = min(limits.roster, limits.policy) == 1
    _refuse_when(body.mode is Mode.TEAM and alone, "lets one person of a team decide alone")
    raw = _distinct([processes.front, processes.control, processes.gate, *processes.executors])
    _refuse_when(not raw or not processes.executors, "gives one key to two processes or names no executor")


def _distinct(keys: Iterable[str]) -> bool:
    raw = [raw_key(text) for text in keys]
    return len(set(raw)) == len(raw)


def _refuse_when(bad: bool, what: str) -> None:  # noqa: FBT001  reads as a sentence
    if bad:
        raise Refused("MAG-E120", f"the roster {what}")
