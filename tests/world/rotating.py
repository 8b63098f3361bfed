"""Systems with two logins and consumers of their secret, in memory: what each knows, and what it was told in which order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from world.executing import World
from world.memory_mint import MemoryMint

from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.domain.principal import Role
from magistrate.domain.rotation import SecretUse
from magistrate.errors import Refused
from magistrate.executor.ports import Credential, NewSecret, Seen
from magistrate.executor.rotations import Logins
from magistrate.wire.canonical import digest
from magistrate.wire.decision import Obligation
from magistrate.wire.policy_bundle import HttpProbe, StagePolicy

STAGE, STOOD = "refs/heads/stages/password", "1" * 40
OLD_VALUE = "plainly-fake-old"
NAMES = ("app_a", "app_b")


@dataclass
class MemoryStore:
    """`values` are the values that let a login in; `stale`: it says that it ended a login and lets it in all the same."""

    name: str
    told: list[str]
    values: dict[str, str] = field(default_factory=lambda: {"app_a": OLD_VALUE})
    sessions: dict[str, int] = field(default_factory=lambda: {"app_a": 2})
    stale: bool = False
    refuses: str = ""
    before: Callable[[str], None] = lambda what: None

    def __post_init__(self) -> None:
        self.mint = MemoryMint(self.name, f"system:{self.name}")

    def logins(self) -> Logins:
        self.mint.answering()
        return Logins(names=NAMES, open=frozenset(self.values), sessions=dict(self.sessions))

    def renew(self, credential: Credential, secret: NewSecret) -> None:
        self._acted("renew", credential)
        self.values[secret.login] = secret.password

    def end(self, credential: Credential, login: str) -> None:
        self._acted("end", credential)
        if not self.stale:
            self.values.pop(login, None)
            self.sessions.pop(login, None)

    def opens(self, secret: NewSecret) -> Seen:
        self.mint.answering()
        held = self.values.get(secret.login) == secret.password
        return Seen(held=held, seen="let in" if held else "refused")

    def _acted(self, what: str, credential: Credential) -> None:
        self.mint.answering()
        self.mint.verify(credential)
        self.before(what)
        if what == self.refuses:
            raise Refused("MAG-E410", f"{self.name} says no")
        self.told.append(f"{what} {self.name}")


@dataclass
class MemoryConsumer:
    """Runs with the secret that it was given last."""

    name: str
    told: list[str]
    runs_with: tuple[str, str] = ("app_a", OLD_VALUE)
    obeys: bool = True
    before: Callable[[str], None] = lambda what: None

    def __post_init__(self) -> None:
        self.mint = MemoryMint(self.name, f"target:{self.name}")

    def switch(self, credential: Credential, secret: NewSecret) -> Seen:
        self.mint.answering()
        self.mint.verify(credential)
        self.before("switch")
        if not self.obeys:
            return Seen(held=False, seen="exit 3")
        self.told.append(f"switch {self.name}")
        self.runs_with = secret.login, secret.password
        return Seen(held=True, seen="runs with it")


@dataclass
class Rotating:
    """A case that rotates `orders-password`, which opens two systems and has two consumers; two people agreed to it."""

    world: World
    told: list[str]
    stores: dict[str, MemoryStore]
    consumers: dict[str, MemoryConsumer]

    def given(self) -> dict[str, Any]:
        return {"stores": self.stores, "consumers": self.consumers}

    def usable(self) -> list[str]:
        mints = [one.mint for one in self.stores.values()] + [one.mint for one in self.consumers.values()]
        return [lease for mint in mints for lease in mint.usable()]

    def lets_in(self) -> dict[str, set[str]]:
        return {name: set(store.values) for name, store in self.stores.items()}

    def nobody_is_locked_out(self) -> bool:
        """Whether each consumer's login and value open every system."""
        return all(
            store.values.get(login) == value
            for login, value in (one.runs_with for one in self.consumers.values()) for store in self.stores.values()
        )  # fmt: skip


def rotating(home: Path, *, probes: tuple[HttpProbe, ...] = (), **rotate: Any) -> Rotating:
    stage = StagePolicy(
        stage="password", repository="shop", environment="staging", production=False, verification=probes,
        system="orders-db", document="db/password.toml", secret="orders-password",
    )  # fmt: skip
    use = SecretUse(opens=("orders-db", "reports-db"), consumers=("web", "worker"))
    world = World(
        home, rotate={"consumers_digest": digest(use.text().encode()), **rotate}, stages=(stage,), reversible="no",
        change_class=ChangeClass.SECRETS, strictness=Strictness.TWO, decision_strictness=Strictness.TWO,
        approvers=("ben", "carla"),
        obligations=(
            Obligation(role=None, count=2, rule="policy/two"), Obligation(role=Role.SECURITY, count=1, rule="policy/owner"),
        ),
    )  # fmt: skip
    world.gate.refs["shop", STAGE] = STOOD
    world.target.use = use
    told: list[str] = []
    return Rotating(
        world=world, told=told, stores={name: MemoryStore(name, told) for name in use.opens},
        consumers={name: MemoryConsumer(name, told) for name in use.consumers},
    )  # fmt: skip
