"""A provider of credentials in memory, for whatever is not the gate: minted once, dead when it was revoked, silent when told to be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from magistrate.errors import NotFound, Refused, Unavailable
from magistrate.executor.ports import Credential, ProviderLease, Seen
from magistrate.wire.envelope import Envelope


@dataclass
class MemoryMint:
    """`place` is what a lease must be for: its name, and how the lease writes it; `grants` are the leases that were minted."""

    name: str
    place: str
    grants: dict[str, dict[str, Any]] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)
    up: bool = True
    honour_revocation: bool = True
    mints: Callable[[str], bool] = lambda purpose: True

    def request(self, bundle: Any, lease: Envelope, withdrawals: Any) -> Credential:
        self.answering()
        document = json.loads(lease.payload_bytes())
        body, name = document["body"], document["id"]
        assert (body["repository"], body["ref"]) == (self.name, self.place)
        if name in self.dead or not self.mints(body["purpose"]):
            raise Refused("MAG-E410", "not minted")
        token = hashlib.sha256(name.encode()).hexdigest()
        self.grants[name] = {**body, "token": token, "state": "issued"}
        return Credential(lease=name, token=token, address="host=memory", expires=document["expires"])

    def revoke(self, lease: str) -> ProviderLease:
        self.answering()
        self.dead.add(lease)
        if lease not in self.grants:
            return ProviderLease(lease=lease, state="no such role", usable=False, ref_state="")
        if self.honour_revocation:
            self.grants[lease]["state"] = "dropped"
        return self.state(lease)

    def state(self, lease: str) -> ProviderLease:
        self.answering()
        if lease not in self.grants:
            raise NotFound("MAG-E334", "no such role")
        state = self.grants[lease]["state"]
        return ProviderLease(lease=lease, state=state, usable=state == "issued", ref_state="", repository=self.name)

    def leases(self) -> tuple[ProviderLease, ...]:
        self.answering()
        return tuple(self.state(lease) for lease in self.grants)

    def disown(self, lease: str) -> ProviderLease:
        return self.revoke(lease)

    def probe(self, credential: Credential) -> Seen:
        usable = self.state(credential.lease).usable
        return Seen(held=not usable, seen="login ACCEPTED" if usable else "login refused")

    def usable(self) -> list[str]:
        return [lease for lease, grant in self.grants.items() if grant["state"] == "issued"]

    def answering(self) -> None:
        if not self.up:
            raise Unavailable("MAG-E413", "it does not answer")

    def verify(self, credential: Credential) -> None:
        """Refuse what was not minted here, or is dead."""
        grant = self.grants.get(credential.lease)
        if grant is None or grant["token"] != credential.token or grant["state"] != "issued":
            raise Refused("MAG-E413", "login refused")
