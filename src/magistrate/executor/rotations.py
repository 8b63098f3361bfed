"""Rotation of a secret: a new value where it opens something, each consumer switched, the old value ended and probed dead.

Rule kept (R54, invariant 7): the new value is made here, lives in memory only, and is handed to systems and consumers under a
lease for each step. The old one is ended only when every consumer runs with the new one; it is over only when no system that the
secret opens lets the old one in. What stops on the way is not forced either way: old and new value may both be alive then, nobody
is locked out, and people look. The value of a new secret dies with its process, so that nothing is gone on with after a crash.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from magistrate.authority.admission import Admitted
from magistrate.domain.execution import LeasePurpose
from magistrate.domain.rotation import SecretUse
from magistrate.errors import MagistrateError, Refused, Unavailable
from magistrate.executor.casebook import Casebook
from magistrate.executor.hands import NOT_OVER, Act, Hands
from magistrate.executor.mints import system_ref, target_ref
from magistrate.executor.ports import Consumer, Credential, Mint, NewSecret, Seen, Target
from magistrate.executor.rows import JournalStep
from magistrate.executor.work import Work
from magistrate.wire.effect import Effect, RotateSecret
from magistrate.wire.journal_entry import StepStatus

_BYTES: Final = 32
"""Of a new value: 256 bits, written in URL-safe base64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logins:
    """The two logins of a secret in one system: who may log in now, and how many sessions each has."""

    names: tuple[str, str]
    open: frozenset[str]
    sessions: Mapping[str, int]

    def only(self, login: str) -> bool:
        """Whether this one is let in and no other, nor has a session from before."""
        return self.open == {login} and not any(n for name, n in self.sessions.items() if name != login)


class SecretStore(Protocol):
    """A system that a secret opens by one of two logins, in turn. Methods raise Refused, Unavailable."""

    @property
    def mint(self) -> Mint:
        """Who gives and ends a credential for it."""

    def logins(self) -> Logins:
        """Which of the two logins the system lets in now, read without a lease."""

    def renew(self, credential: Credential, secret: NewSecret) -> None:
        """Let the login in with the new value, and with no other."""

    def end(self, credential: Credential, login: str) -> None:
        """Let the login in no more: no password, no session."""

    def opens(self, secret: NewSecret) -> Seen:
        """Try to log in with a value; held when it was let in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rotation:
    secret: str
    stores: Mapping[str, SecretStore]
    consumers: Mapping[str, Consumer]
    spare: str
    old: str


class Rotations:
    """Rotates the secrets of the systems that one executor is set up for, as `Beside` says it."""

    def __init__(
        self, *, book: Casebook, hands: Hands, target: Target, stores: Mapping[str, SecretStore],
        consumers: Mapping[str, Consumer],
    ) -> None:  # fmt: skip
        self._book = book
        self._hands = hands
        self._target = target
        self._stores = stores
        self._consumers = consumers

    def verify_before(self, admitted: Admitted) -> None:
        """Check that every system and consumer is known here, and that every system lets in exactly one of the two logins, the same.

        Raises:
            Refused: MAG-E404 for a system or consumer that is not set up, MAG-E405 when an earlier rotation is not over.
            Unavailable: a system does not answer.
        """
        use = self._use(admitted.effect)
        self._named(use)
        self._turn(use)

    def bring(self, work: Work, still: Callable[[], None] | None) -> str:
        """Rotate; why not, or empty where it is over. After a crash it is over, or people look.

        Raises:
            Unavailable: a system does not answer, or a credential is not confirmed dead; it is tried again.
        """
        effect = _rotation_of(work.warrant.body.effect)
        use = self._use(effect)
        if still is None:
            done = any(e.body.step == JournalStep.SYSTEM_CHANGED for e in self._book.journal.entries(work.name))
            return "" if done else f"the executor stopped within the rotation: {self._lies(use)}"
        try:
            self._named(use)
            spare, old = self._turn(use)
            self._rotate(work, self._rotation(effect.secret_id, use, spare, old), still)
        except MagistrateError as error:
            if error.code in NOT_OVER:
                raise
            return f"`{effect.secret_id}` is not rotated: {error.message}; {self._lies(use)}"
        facts = {"secret": effect.secret_id, "login": spare, "ended": old, "consumers": " ".join(use.consumers)}
        self._book.step(work.name, JournalStep.SYSTEM_CHANGED, StepStatus.DONE, facts)
        return ""

    def bring_back(self, work: Work) -> str:
        """Nothing brings an old value back, and how far it came is for people; empty only where it never began."""
        if not any(e.body.step == JournalStep.SYSTEM_STARTED for e in self._book.journal.entries(work.name)):
            return ""
        return f"a rotation is not taken back: {self._lies(self._use(work.warrant.body.effect))}"

    def seen(self, work: Work) -> Seen:
        """Whether every system lets in one login, the same, and the other nowhere (raises Unavailable)."""
        use = self._use(work.warrant.body.effect)
        open_at = {name: self._store(name).logins() for name in use.opens}
        done = [
            e.body.facts for e in self._book.journal.entries(work.name) if e.body.step == JournalStep.SYSTEM_CHANGED
        ]
        login = done[-1]["login"] if done else ""
        held = all(one.only(login) for one in open_at.values())
        return Seen(held=held, seen=self._lies(use))

    # the steps

    def _rotate(self, work: Work, rotation: _Rotation, still: Callable[[], None]) -> None:
        secret = NewSecret(login=rotation.spare, password=secrets.token_urlsafe(_BYTES))
        for name, store in rotation.stores.items():
            with self._leased(
                work, name, system_ref(name), store.mint, f"renew {rotation.secret} at", still
            ) as credential:
                store.renew(credential, secret)
            self._look(work, f"the new value at {name}", store.opens(secret))
        for name, consumer in rotation.consumers.items():
            with self._leased(
                work, name, target_ref(name), consumer.mint, f"give {rotation.secret} to", still
            ) as credential:
                seen = consumer.switch(credential, secret)
            self._look(work, f"the consumer {name}", seen)
        for name, store in rotation.stores.items():
            with self._leased(
                work, name, system_ref(name), store.mint, f"end the old {rotation.secret} at", still
            ) as credential:
                store.end(credential, rotation.old)
        guess = NewSecret(login=rotation.old, password=secrets.token_urlsafe(_BYTES))
        for name, store in rotation.stores.items():
            left = store.logins()
            dead = left.only(rotation.spare)
            tried = store.opens(guess)
            told = f"{'no login' if dead else 'ALIVE'}, a try was {'let in' if tried.held else 'refused'}: {tried.seen}"
            self._look(work, f"the old value at {name}", Seen(held=dead and not tried.held, seen=told))

    @contextmanager
    def _leased(  # noqa: PLR0913, PLR0917  each says what the lease is for
        self, work: Work, name: str, place: str, mint: Mint, what: str, still: Callable[[], None]
    ) -> Iterator[Credential]:
        row = work.row
        act = Act(
            execution=work.name, warrant_digest=row.warrant_digest, proposal=row.proposal, purpose=LeasePurpose.EFFECT,
            repository=name, ref=place, old=row.old, new=row.commit, tree=row.result_tree,
            reason=f"{what} {name} {row.proposal[:19]}", mint=lambda lease: mint.request(work.bundle, lease, ()),
        )  # fmt: skip
        with self._hands.lease(act) as credential:
            still()
            self._book.step(work.name, JournalStep.SYSTEM_STARTED, StepStatus.INTENT, {"place": place, "what": what})
            yield credential

    def _look(self, work: Work, what: str, seen: Seen) -> None:
        facts = {"what": what, "held": "yes" if seen.held else "no", "seen": seen.seen[:500]}
        self._book.step(work.name, JournalStep.SECRET_PROBED, StepStatus.DONE, facts)
        if not seen.held:
            raise Refused("MAG-E405", f"{what}: {seen.seen[:300]}")

    # what there is

    def _rotation(self, secret: str, use: SecretUse, spare: str, old: str) -> _Rotation:
        return _Rotation(
            secret=secret, spare=spare, old=old, stores={name: self._stores[name] for name in use.opens},
            consumers={name: self._consumers[name] for name in use.consumers},
        )  # fmt: skip

    def _turn(self, use: SecretUse) -> tuple[str, str]:
        """Which login gets the new value and which has the old one: the same in every system."""
        found = {name: self._store(name).logins() for name in use.opens}
        first = next(iter(found.values()))
        for name, logins in found.items():
            if len(logins.open) != 1 or logins.open != first.open or set(logins.names) != set(first.names):
                raise Refused(
                    "MAG-E405", f"`{name}` does not let in exactly one of its two logins, as the others do: {self._lies(use)}",
                    hint="an earlier rotation is not over: end the login that no consumer uses, by hand",
                )  # fmt: skip
        (old,) = first.open
        (spare,) = set(first.names) - {old}
        return spare, old

    def _lies(self, use: SecretUse) -> str:
        """Which login each system lets in now, in words; a system that is silent is said to be."""
        said = []
        for name in use.opens:
            try:
                logins = self._store(name).logins()
            except MagistrateError as error:
                said.append(f"`{name}` does not say ({error.code})")
                continue
            alive = ", ".join(f"{one} ({logins.sessions.get(one, 0)} sessions)" for one in sorted(logins.open))
            said.append(f"`{name}` lets in {alive or 'nobody'}")
        return "; ".join(said)

    def _store(self, name: str) -> SecretStore:
        """A system by its name (raises Unavailable MAG-E404 where the settings name it no more, within a rotation)."""
        if name not in self._stores:
            raise Unavailable("MAG-E404", f"magistrate.toml names no `[system.{name[:60]}]` with `logins` any more")
        return self._stores[name]

    def _named(self, use: SecretUse) -> None:
        for what, names, known in (("system", use.opens, self._stores), ("target", use.consumers, self._consumers)):
            for name in names:
                if name not in known:
                    raise Refused(
                        "MAG-E404", f"this executor is set up for no {what} `{name[:60]}`",
                        hint=f"an operator names it in magistrate.toml: `[{what}.NAME]`, with `logins` where a secret opens it",
                    )  # fmt: skip

    def _use(self, given: Effect) -> SecretUse:
        """Who uses the secret, by the document in the tree that was agreed on."""
        effect = _rotation_of(given)
        use = self._target.secret_use(effect.repository, effect.result_tree, effect.document)
        if effect.store not in use.opens:
            raise Refused("MAG-E405", f"`{effect.document}` does not say that the secret opens `{effect.store}`")
        return use


def _rotation_of(effect: Effect) -> RotateSecret:
    if not isinstance(effect, RotateSecret):
        raise Refused("MAG-E124", f"`{type(effect).__name__}` rotates no secret")
    return effect
