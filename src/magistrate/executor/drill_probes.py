"""Entitlement, revocation and rollback, tried for real on a scratch repository behind the gate.

Rule kept (R4): each probe uses a credential for something that it was not given for, and looks
at the refs afterwards; what counts is that nothing moved, not that somebody said no.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from magistrate.domain.execution import LeasePurpose
from magistrate.errors import MagistrateError, Unavailable
from magistrate.executor.hands import Act, Hands
from magistrate.executor.identity import Identity
from magistrate.executor.journal import WORLD
from magistrate.executor.ports import Broker, Clock, CommitSpec, Credential, DrillGround, Seen, Target
from magistrate.wire.drill import DrillOrder, Probe
from magistrate.wire.envelope import Envelope

REF: Final = "refs/heads/main"
SHORT_LEASE_SECONDS: Final = 2
REVOKED_WITHIN_SECONDS: Final = 5.0
_CONTENT: Final = b"drill\n"
_BLOB: Final = hashlib.sha1(b"blob %d\0" % len(_CONTENT) + _CONTENT, usedforsecurity=False).hexdigest()
_DIFF: Final = f"""diff --git a/DRILL b/DRILL
new file mode 100644
index {"0" * 40}..{_BLOB}
--- /dev/null
+++ b/DRILL
@@ -0,0 +1 @@
+drill
""".encode()


class Misuse(Protocol):
    """Using a credential for what it was not given for."""

    def push_as(self, credential: Credential, repository: str, refspec: str) -> Seen:
        """Push any refspec; `held` when git says it went through."""


class GateMisuse(Protocol):
    """The same by plain requests to the gate."""

    def attempt(self, credential: Credential, url: str, service: str) -> Seen:
        """Ask another service or repository; `held` when it was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scratch:
    """A fresh scratch repository, a change on top of it, its inverse, and a wrong commit."""

    repository: str
    old: str
    base_tree: str
    new_tree: str
    new: str
    inverse: str
    wrong: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScratchDrills:
    """The drills that need the gate."""

    hands: Hands
    identity: Identity
    broker: Broker
    ground: DrillGround
    target: Target
    misuse: Misuse
    gate: GateMisuse
    clock: Clock

    def entitlement(self, order: Envelope, body: DrillOrder) -> tuple[Probe, ...]:
        """The nine negative probes of R4."""
        there = self._scratch(order, body)
        probes = [_probe("another process asks for the lease", self._other_identity(order, there))]
        act = self._act(order, there, there.new, there.new_tree)
        with self.hands.lease(act) as credential:
            url = credential.address.rpartition("/")[0] + f"/{body.repository}.git"
            probes += [
                _probe("another repository", self.gate.attempt(credential, url, "git-receive-pack")),
                _probe(
                    "fetch with a push credential", self.gate.attempt(credential, credential.address, "git-upload-pack")
                ),
            ]
            for what, refspec, ref in (
                ("another branch", f"{there.new}:refs/heads/other", "refs/heads/other"),
                ("a tag", f"{there.new}:refs/tags/v1", "refs/tags/v1"),
                ("another commit", f"{there.wrong}:{REF}", REF),
                ("delete the branch", f":{REF}", REF),
            ):
                pushed = self.misuse.push_as(credential, there.repository, refspec)
                probes.append(self._nothing_moved(what, there, ref, pushed))
            used = self.misuse.push_as(credential, there.repository, f"{there.new}:{REF}")
            probes.append(self._second_use(there, credential, used))
        probes.append(self._expired(order, body))
        return tuple(probes)

    def revocation(self, order: Envelope, body: DrillOrder) -> tuple[Probe, ...]:
        """A credential that works is revoked before its use, and must then be refused."""
        there = self._scratch(order, body)
        with self.hands.lease(self._act(order, there, there.new, there.new_tree)) as credential:
            live = self.broker.probe(credential)
            began = self.clock.monotonic()
        seconds = self.clock.monotonic() - began
        pushed = self.misuse.push_as(credential, there.repository, f"{there.new}:{REF}")
        state = self.broker.state(credential.lease)
        return (
            Probe(probe="it works before it is revoked", held=not live.held, seen=live.seen),
            self._nothing_moved("a push after revocation", there, REF, pushed),
            Probe(probe="the gate says it is dead", held=not state.usable, seen=state.state),
            Probe(
                probe="revoked and probed within 5 s", held=seconds < REVOKED_WITHIN_SECONDS,
                seen=f"{round(seconds * 1000)} ms",
            ),
        )  # fmt: skip

    def rollback(self, order: Envelope, body: DrillOrder) -> tuple[Probe, ...]:
        """A change is pushed and undone by its pre-built inverse; the tree must be what it was."""
        there = self._scratch(order, body)
        with self.hands.lease(self._act(order, there, there.new, there.new_tree)) as credential:
            pushed = self.target.push(credential, there.repository, REF, there.new)
        after = self.broker.read_ref(there.repository, REF)
        began = self.clock.monotonic()
        act = self._act(order, there, there.inverse, there.base_tree, old=there.new)
        with self.hands.lease(act) as credential:
            undone = self.target.push(credential, there.repository, REF, there.inverse)
        restored = self.broker.read_ref(there.repository, REF)
        took = round((self.clock.monotonic() - began) * 1000)
        return (
            Probe(probe="the change is applied", held=after == there.new, seen=f"{after[:12]} {pushed.seen}"[:300]),
            Probe(
                probe="the inverse restores the tree before", held=restored == there.inverse,
                seen=f"{restored[:12]} in {took} ms {undone.seen}"[:300],
            ),
        )  # fmt: skip

    def _scratch(self, order: Envelope, body: DrillOrder) -> Scratch:
        old = self.ground.prepare_scratch(order)
        repository, now = body.scratch, self.clock.now()
        self.target.prepare(repository, REF, old)
        rebuilt = self.target.rebuild(repository, old, _DIFF)

        def commit(tree: str, parent: str, message: str) -> str:
            return self.target.commit(repository, CommitSpec(tree=tree, parent=parent, message=message, at=now))

        new = commit(rebuilt.result_tree, old, "Drill: a change\n")
        return Scratch(
            repository=repository, old=old, base_tree=rebuilt.base_tree, new_tree=rebuilt.result_tree, new=new,
            inverse=commit(rebuilt.base_tree, new, "Drill: its inverse\n"),
            wrong=commit(rebuilt.result_tree, old, "Drill: a commit that nobody granted\n"),
        )  # fmt: skip

    def _act(self, order: Envelope, there: Scratch, new: str, tree: str, *, old: str = "") -> Act:
        digest = order.payload_digest()
        return Act(
            execution=WORLD, warrant_digest=digest, proposal=digest, purpose=LeasePurpose.DRILL,
            repository=there.repository, ref=REF, old=old or there.old, new=new, tree=tree,
            reason="a drill that an operator ordered", mint=self._mint(order),
        )  # fmt: skip

    def _mint(self, order: Envelope) -> Callable[[Envelope], Credential]:
        return lambda lease: self.ground.request_drill(order, lease)

    def _nothing_moved(self, what: str, there: Scratch, ref: str, pushed: Seen) -> Probe:
        found = self.broker.read_ref(there.repository, ref)
        wanted = there.old if ref == REF else ""
        held = found == wanted and not pushed.held
        return Probe(probe=what, held=held, seen=f"ref {found[:12] or 'absent'}; {pushed.seen}"[:300])

    def _second_use(self, there: Scratch, credential: Credential, used: Seen) -> Probe:
        first = self.broker.read_ref(there.repository, REF) == there.new
        again = self.broker.probe(credential)
        seen = f"first use {'went through' if first else 'FAILED: ' + used.seen}; then {again.seen}"
        return Probe(probe="a second use", held=first and again.held, seen=seen[:300])

    def _expired(self, order: Envelope, body: DrillOrder) -> Probe:
        there = self._scratch(order, body)
        act = replace(self._act(order, there, there.new, there.new_tree), expired_after=SHORT_LEASE_SECONDS)
        with self.hands.lease(act) as credential:
            live = self.broker.probe(credential)
            self.clock.sleep(SHORT_LEASE_SECONDS + 1.0)
            late = self.broker.probe(credential)
        pushed = self.misuse.push_as(credential, there.repository, f"{there.new}:{REF}")
        moved = self._nothing_moved("", there, REF, pushed)
        return Probe(
            probe="after its expiry", held=not live.held and late.held and moved.held,
            seen=f"before: {live.seen}; after: {late.seen}; {moved.seen}"[:300],
        )  # fmt: skip

    def _other_identity(self, order: Envelope, there: Scratch) -> Seen:
        """Ask for a lease signed by a key that the roster does not know."""
        stranger = Identity(Ed25519PrivateKey.generate(), deployment=self.identity.deployment)
        act = self._act(order, there, there.new, there.new_tree)
        try:
            with self.hands.signed_by(stranger).lease(act):
                return Seen(held=False, seen="a lease signed by a stranger was minted")
        except Unavailable:
            raise  # nobody said no: it is tried again
        except MagistrateError as error:
            return Seen(held=True, seen=f"{error.code} {error.message}"[:200])


def _probe(what: str, seen: Seen) -> Probe:
    return Probe(probe=what, held=seen.held, seen=seen.seen[:400])
