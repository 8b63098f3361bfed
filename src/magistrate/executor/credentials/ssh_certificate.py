"""The broker of SSH user certificates: one OpenSSH certificate for each lease, for one program of one target.

What the CA key can do alone: whoever has it signs certificates for this target, for any principal and without the
force-command, until `TrustedUserCAKeys` there names another key. The list of revoked keys refuses every serial that this
broker does not hold live, but no list can name serial 0. It is an issuing root (file of mode 0600, named in `leases
--roots`); by itself it opens no session, and the ssh client gets it only to prove that (`leases --roots --probe`).

Rule kept (R4, R50-R53): a fresh key pair in memory for each lease; valid from 5 s before to 60 s after, one principal,
no extension, the target's own program with the lease id as force-command, and where it may be used from. The row is
durable before the certificate is signed, and there is one at a time. A certificate is not single use by itself: the
target claims the lease (`ssh_target.py`). sshd looks at the list at login only, so that a revocation counts when the list
is in place and the target has ended what the lease started; the negative probe comes after (`hands.py`). The certificate that
ends a lease can do nothing else, is off the list of the live as soon as it was tried, and is valid for two hours either way: a
clock that jumps keeps nobody from ending.
Revocation matrix: stops new use at the next login; a running use by ending it; the secret is not needed in order to revoke.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import stat
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.hazmat.primitives.serialization.ssh import SSHCertificateBuilder, SSHCertificateType

from magistrate.domain.execution import LeaseState
from magistrate.errors import MagistrateError, NotFound, Refused, Unavailable
from magistrate.executor.credentials.ssh_login import Answered, HeldKey, SshLogin, SshTarget
from magistrate.executor.credentials.ssh_revocations import revocation_list
from magistrate.executor.credentials.ssh_serials import Minted, Serials, Standing
from magistrate.executor.identity import Identity
from magistrate.executor.ports import Clock, Credential, ProviderLease, Seen
from magistrate.wire.canonical import digest
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.document import Document, verify_current
from magistrate.wire.envelope import Envelope
from magistrate.wire.lease import LEASE_SECONDS, Lease
from magistrate.wire.sshsig import key_blob
from magistrate.wire.times import rfc3339, unix_seconds

BACKDATED_SECONDS: Final = 5
ENDING_SECONDS: Final = 2 * 3600
"""How far the clock of this host may be off from that of the target, either way, while what a lease started is ended there."""
LOGIN_SECONDS: Final = 10.0
"""How long a probe or the ending of a session may take."""
_NAME: Final = re.compile(r"lse-[a-z2-7]{26}")
_OTHERS: Final = stat.S_IRWXO | stat.S_IRWXG


class Revocations(Protocol):
    """The way by which a list of revoked keys comes to where sshd reads it."""

    def deliver(self, content: bytes) -> None:
        """Replace the list in one step, durably (raises Unavailable MAG-E421)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SshGround:
    """What a broker stands on: its target, a folder of its own, the file of the CA key, and the way of the list."""

    target: SshTarget
    folder: Path
    authority: Path
    revocations: Revocations
    redact: Callable[[str], str]


class SshCertificates:
    """Mints and kills. On opening, every certificate of an earlier process is dead at sshd before anything else.

    Raises:
        Refused: MAG-E420 when the CA key is not acceptable.
        Unavailable: MAG-E383 when another process has the folder, MAG-E421 when the list cannot be put in place.
    """

    def __init__(self, ground: SshGround, *, identity: Identity, clock: Clock) -> None:
        self._ground = ground
        self._identity = identity
        self._clock = clock
        self._login = SshLogin(ground.target, ground.redact)
        self._authority = _authority(ground.authority)
        ground.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._alone = _exclusive(ground.folder / "ssh.lock")
        try:
            self._turn = threading.RLock()
            self._serials = Serials(ground.folder / "ssh.db", clock.now())
            self._serials.close_all()
            self._list()
        except MagistrateError:
            self.close()
            raise

    def close(self) -> None:
        """Let another process have the folder."""
        os.close(self._alone)

    def request(self, bundle: CaseBundle, lease: Envelope, withdrawals: tuple[Envelope, ...]) -> Credential:
        """Mint the certificate of a lease that this executor signed for the warrant of the bundle.

        The case itself, with its withdrawals, was verified by the executor's admission; there is no second judge
        behind this broker as there is behind a gate.

        Raises:
            Refused: MAG-E422 when the lease is not for this warrant, was used or revoked before, or another one is not
                confirmed dead; MAG-E105 when it is over.
            Unavailable: MAG-E384, MAG-E421.
        """
        del withdrawals
        now = self._clock.now()
        asked = self._asked(bundle, lease, now)
        before = min(now + LEASE_SECONDS, unix_seconds(asked.expires or ""))
        body = asked.body
        minted = Minted(
            lease=asked.id, warrant=body.warrant, proposal=body.proposal, purpose=body.purpose, reason=body.reason,
            repository=body.repository, executor=self._identity.keyid, valid_before=before,
        )  # fmt: skip
        with self._turn:
            serial = self._serials.mint(minted, now - BACKDATED_SECONDS)
            key = self._signed("run", asked.id, serial, (now - BACKDATED_SECONDS, before))
            self._list()
        return Credential(lease=asked.id, token=key.token(), address=self._ground.target.url, expires=rfc3339(before))

    def run(self, credential: Credential, arguments: Sequence[str], seconds: float, artifact: bytes = b"") -> Answered:
        """Have the target run its one program with these arguments, which are data and never words of a command.

        A target that takes artifacts wants the digest of the artifact as the first argument. It has run, now or before,
        where `status` is 0 and `last` is `runs DIGEST`.

        Raises:
            Refused: MAG-E424 when sshd refused the certificate.
            Unavailable: MAG-E423 when it is not known whether anything ran.
        """
        given = json.dumps(list(arguments)).encode()
        return self._login.speak(HeldKey.of_token(credential.token), given, seconds, artifact)

    def revoke(self, lease: str) -> ProviderLease:
        """Put the certificate on the list and end what it started; idempotent.

        Raises:
            NotFound: MAG-E334 when it was never minted; it never will be.
            Unavailable: MAG-E421 when the list is not in place, MAG-E387 when it is, but nobody can say whether a
                session is still open.
        """
        if _NAME.fullmatch(lease) is None:
            raise NotFound("MAG-E334", f"no lease `{lease[:60]}`")
        with self._turn:
            known = self._serials.close(lease)
            self._list()
            if not known:
                raise NotFound("MAG-E334", f"no lease `{lease}`")
            if self._serials.by_lease(lease).state is not Standing.DEAD:
                self._end(lease)
            return self.state(lease)

    def state(self, lease: str) -> ProviderLease:
        """What the broker's own table says; usable until nothing of the lease can log in and nothing runs."""
        return self._provider(self._serials.by_lease(lease))

    def leases(self) -> tuple[ProviderLease, ...]:
        """Every lease whose certificate would be honoured now, or whose session nobody has confirmed ended."""
        return tuple(map(self._provider, self._serials.standing()))

    def disown(self, lease: str) -> ProviderLease:
        """Kill a lease that no journal knows; it is never minted again. The executor's journal closes its repository."""
        return self.revoke(lease)

    def probe(self, credential: Credential) -> Seen:
        """Try to log in with the certificate and do nothing (raises Unavailable MAG-E423 when sshd is not reached)."""
        return self._login.attempt(HeldKey.of_token(credential.token), LOGIN_SECONDS)

    def sweep(self) -> None:
        """Revoke every lease that is not confirmed dead.

        Raises:
            Unavailable: MAG-E387 when one of them cannot be confirmed; the others were tried.
        """
        left: list[str] = []
        for one in self._serials.standing():
            try:
                self.revoke(one.lease)
            except MagistrateError as error:
                left.append(f"{one.lease}: {error.message}")
        if left:
            raise Unavailable("MAG-E387", f"not confirmed dead: {'; '.join(left)[:1000]}")

    def _asked(self, bundle: CaseBundle, lease: Envelope, now: int) -> Document[Lease]:
        asked = self._identity.open_own(lease, Lease)
        verify_current(asked, now)
        body, warrant = asked.body, bundle.warrant
        if _NAME.fullmatch(asked.id) is None or body.state is not LeaseState.REQUESTED or asked.expires is None:
            raise Refused("MAG-E422", "the document is no request for a lease")
        if warrant is None or body.warrant != digest(warrant.payload_bytes()):
            raise Refused("MAG-E422", f"the lease `{asked.id}` is not for the warrant of this case")
        if body.proposal != digest(bundle.proposal.payload_bytes()):
            raise Refused("MAG-E422", f"the lease `{asked.id}` is not for the proposal of this case")
        return asked

    def _signed(self, entry: str, lease: str, serial: int, valid: tuple[int, int]) -> HeldKey:
        """A fresh key pair and its certificate, for one entry point of the target's program with this lease."""
        target, private = self._ground.target, Ed25519PrivateKey.generate()
        builder = (
            SSHCertificateBuilder()
            .public_key(private.public_key())
            .serial(serial)
            .type(SSHCertificateType.USER)
            .key_id((lease if entry == "run" else f"{lease}.{entry}").encode())
            .valid_principals([target.principal.encode()])
            .valid_after(valid[0])
            .valid_before(valid[1])
            .add_critical_option(b"force-command", f"{target.program} {entry} {lease}".encode())
            .add_critical_option(b"source-address", ",".join(target.source_addresses).encode())
        )
        certificate = builder.sign(self._authority).public_bytes() + b"\n"
        return HeldKey(
            private=private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()), certificate=certificate
        )

    def _list(self) -> None:
        """Put a list in place that says what the table says (raises Unavailable MAG-E421)."""
        with self._turn:
            now, public = self._clock.now(), self._authority.public_key()
            content = revocation_list(
                key_blob(public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()),
                live=self._serials.live(now), names=self._serials.unminted(), version=self._serials.next_list(), now=now,
            )  # fmt: skip
            self._ground.revocations.deliver(content)
            self._serials.listed()

    def _end(self, lease: str) -> None:
        """Have the target end what the lease started, by a certificate that can do nothing else."""
        now = self._clock.now()
        valid = now - ENDING_SECONDS, now + ENDING_SECONDS
        serial = self._serials.mint_end(lease, *valid)
        try:
            self._list()
            said = self._login.speak(self._signed("end", lease, serial, valid), b"", LOGIN_SECONDS)
        except (Refused, Unavailable) as error:
            raise self._unconfirmed(lease, error.message) from error
        finally:
            self._serials.close(lease)
            self._list()
        if said.status != 0 or said.output.strip() != f"ended {lease}":
            raise self._unconfirmed(lease, f"the target answered {said.status}, `{said.output[:200]}`")
        self._serials.ended(lease)

    def _unconfirmed(self, lease: str, why: str) -> Unavailable:
        return Unavailable(
            "MAG-E387", f"no new login with `{lease}`, but whether a session of it is still open is not known: {why}",
            hint="it is asked again until the target answers; on the target, `PROGRAM end LEASE` ends it by hand",
        )  # fmt: skip

    def _provider(self, minted: Minted) -> ProviderLease:
        expired = minted.state is Standing.LIVE and minted.valid_before <= self._clock.now()
        return ProviderLease(
            lease=minted.lease, state="expired, not confirmed dead" if expired else str(minted.state),
            usable=minted.state is not Standing.DEAD, ref_state="", repository=minted.repository,
            executor=minted.executor, executor_listed=minted.executor == self._identity.keyid,
        )  # fmt: skip


def _authority(path: Path) -> Ed25519PrivateKey:
    """The CA key, from a file that nobody else can read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_mode & _OTHERS or found.st_uid != os.geteuid():
                raise Refused("MAG-E420", f"the CA key `{path}` is no file of this user alone", hint="chmod 600")
            key = serialization.load_ssh_private_key(stream.read(65_536), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise Refused("MAG-E420", f"the CA key `{path}` cannot be read: {type(error).__name__}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Refused("MAG-E420", f"the CA key `{path}` is not of the kind ssh-ed25519")
    return key


def _exclusive(path: Path) -> int:
    """Hold the folder for this process (raises Unavailable MAG-E383)."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise Unavailable("MAG-E383", f"another process mints certificates from `{path.parent}`") from error
    return descriptor
