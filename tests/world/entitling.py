"""A system in memory whose entitlements an executor changes: it minds credentials, and changes whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from world.executing import World

from magistrate.authority.stage_effect import entitlements_digest
from magistrate.domain.entitlements import Entitlement, entitlements_of
from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.domain.principal import Role
from magistrate.errors import NotFound, Refused, Unavailable
from magistrate.executor.ports import Credential, ProviderLease, Seen
from magistrate.wire.decision import Obligation
from magistrate.wire.envelope import Envelope
from magistrate.wire.policy_bundle import HttpProbe, StagePolicy

BEFORE = entitlements_of("GRANT SELECT, UPDATE ON TABLE app.orders TO clerk;\nGRANT USAGE ON SCHEMA app TO clerk;\n")
AFTER = entitlements_of("GRANT SELECT ON TABLE app.orders TO clerk;\nGRANT USAGE ON SCHEMA app TO clerk;\n")
ELSE = entitlements_of("GRANT SELECT ON TABLE app.orders TO PUBLIC;\n")
STAGE, STOOD = "refs/heads/stages/orders", "1" * 40
DOCUMENT = "db/grants.sql"


@dataclass
class MemorySystem:
    """`changes` are the states that were really put there, one after the other."""

    given: frozenset[Entitlement] = BEFORE
    changes: list[frozenset[Entitlement]] = field(default_factory=list)
    grants: dict[str, dict[str, Any]] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)
    up: bool = True
    honour_revocation: bool = True
    mints: Callable[[str], bool] = lambda purpose: True
    before_change: Callable[[], None] = lambda: None
    after_change: Callable[[], None] = lambda: None

    @property
    def mint(self) -> MemorySystem:
        return self

    def read(self) -> frozenset[Entitlement]:
        self._answering()
        return self.given

    def change(self, credential: Credential, before: frozenset[Entitlement], after: frozenset[Entitlement]) -> None:
        self._answering()
        grant = self.grants[credential.lease]
        if grant["token"] != credential.token or grant["state"] != "issued":
            raise Refused("MAG-E413", "login refused")
        self.before_change()
        if self.given == after:
            return
        if self.given != before:
            raise Refused("MAG-E403", "it is not what it was")
        self.given = after
        self.changes.append(after)
        self.after_change()

    def request(self, bundle: Any, lease: Envelope, withdrawals: Any) -> Credential:
        self._answering()
        document = json.loads(lease.payload_bytes())
        body, name = document["body"], document["id"]
        assert (body["repository"], body["ref"]) == ("orders-db", "system:orders-db")
        if name in self.dead or not self.mints(body["purpose"]):
            raise Refused("MAG-E410", "not minted")
        token = hashlib.sha256(name.encode()).hexdigest()
        self.grants[name] = {**body, "token": token, "state": "issued"}
        return Credential(lease=name, token=token, address="host=memory", expires=document["expires"])

    def revoke(self, lease: str) -> ProviderLease:
        self._answering()
        self.dead.add(lease)
        if lease not in self.grants:
            return ProviderLease(lease=lease, state="no such role", usable=False, ref_state="")
        if self.honour_revocation:
            self.grants[lease]["state"] = "dropped"
        return self.state(lease)

    def state(self, lease: str) -> ProviderLease:
        self._answering()
        if lease not in self.grants:
            raise NotFound("MAG-E334", "no such role")
        state = self.grants[lease]["state"]
        return ProviderLease(lease=lease, state=state, usable=state == "issued", ref_state="", repository="orders-db")

    def leases(self) -> tuple[ProviderLease, ...]:
        self._answering()
        return tuple(self.state(lease) for lease in self.grants)

    def disown(self, lease: str) -> ProviderLease:
        return self.revoke(lease)

    def probe(self, credential: Credential) -> Seen:
        usable = self.state(credential.lease).usable
        return Seen(held=not usable, seen="login ACCEPTED" if usable else "login refused")

    def usable(self) -> list[str]:
        return [lease for lease, grant in self.grants.items() if grant["state"] == "issued"]

    def _answering(self) -> None:
        if not self.up:
            raise Unavailable("MAG-E413", "the database does not answer")


def entitling_world(home: Path, *, probes: tuple[HttpProbe, ...] = (), **entitle: Any) -> tuple[World, MemorySystem]:
    """A case that changes the entitlements of `orders-db` from BEFORE to AFTER, which two people agreed to."""
    stage = StagePolicy(
        stage="orders", repository="shop", environment="staging", production=False, verification=probes,
        system="orders-db", document=DOCUMENT,
    )  # fmt: skip
    said = {"before_digest": entitlements_digest(BEFORE), "after_digest": entitlements_digest(AFTER), **entitle}
    world = World(
        home, entitle=said, stages=(stage,), change_class=ChangeClass.PERMISSIONS, strictness=Strictness.TWO,
        decision_strictness=Strictness.TWO, approvers=("ben", "carla"),
        obligations=(
            Obligation(role=None, count=2, rule="policy/two"), Obligation(role=Role.SECURITY, count=1, rule="policy/owner"),
        ),
    )  # fmt: skip
    world.gate.refs["shop", STAGE] = STOOD
    world.target.documents = {"2" * 40: BEFORE, "3" * 40: AFTER}
    return world, MemorySystem()
