"""A system in memory whose entitlements an executor changes: it minds credentials, and changes whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from world.executing import World
from world.memory_mint import MemoryMint

from magistrate.authority.stage_effect import entitlements_digest
from magistrate.domain.entitlements import Entitlement, entitlements_of
from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.domain.principal import Role
from magistrate.errors import Refused
from magistrate.executor.ports import Credential
from magistrate.wire.decision import Obligation
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
    mint: MemoryMint = field(default_factory=lambda: MemoryMint("orders-db", "system:orders-db"))
    before_change: Callable[[], None] = lambda: None
    after_change: Callable[[], None] = lambda: None

    def read(self) -> frozenset[Entitlement]:
        self.mint.answering()
        return self.given

    def change(self, credential: Credential, before: frozenset[Entitlement], after: frozenset[Entitlement]) -> None:
        self.mint.answering()
        self.mint.verify(credential)
        self.before_change()
        if self.given == after:
            return
        if self.given != before:
            raise Refused("MAG-E403", "it is not what it was")
        self.given = after
        self.changes.append(after)
        self.after_change()


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
