"""Entitlements of systems: what one action changes beside its ref, under a lease of the system's own.

Rule kept (R5, R57, R58, invariant 7): what a system has is compared with what was approved before the ref moves, within the change
and after it; a system that has anything else is left alone. Without an admitted warrant in hand, after a crash, nothing is
changed any more but back to what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from magistrate.authority.admission import Admitted
from magistrate.authority.stage_effect import entitlements_digest
from magistrate.domain.entitlements import Entitlement, text_of
from magistrate.domain.execution import LeasePurpose
from magistrate.errors import NotFound, Refused, Usage
from magistrate.executor.casebook import Casebook
from magistrate.executor.hands import Act, Hands
from magistrate.executor.mints import system_ref
from magistrate.executor.ports import Alarm, Credential, Mint, Seen, Target
from magistrate.executor.rows import JournalStep
from magistrate.executor.work import Work
from magistrate.wire.effect import ChangeEntitlement, Effect
from magistrate.wire.journal_entry import StepStatus

_SHOWN: Final = 3
_NO: Final = (Refused, Usage, NotFound)
Given = frozenset[Entitlement]


class System(Protocol):
    """One system. Methods raise Refused for what a rule forbids, Unavailable for what may come right."""

    @property
    def mint(self) -> Mint:
        """Who gives and ends a credential for it."""

    def read(self) -> Given:
        """What it gives away now, read without a lease."""

    def change(self, credential: Credential, before: Given, after: Given) -> None:
        """Have it give away `after` and nothing else, whole or not at all; refused where it is not at `before`. Idempotent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    name: str
    system: System
    before: Given
    after: Given


class Entitlements:
    """Changes the entitlements of the systems that one executor is set up for, as `Beside` says it."""

    def __init__(
        self, *, book: Casebook, hands: Hands, target: Target, systems: Mapping[str, System], alarm: Alarm
    ) -> None:
        self._book = book
        self._hands = hands
        self._target = target
        self._systems = systems
        self._alarm = alarm

    def verify_before(self, admitted: Admitted) -> None:
        """Check that the system gives away what was approved as its state before.

        Raises:
            Refused: MAG-E404 for a system that this executor knows nothing of, MAG-E403 when it gives away something else.
            Unavailable: it does not answer.
        """
        change = self._change(admitted.effect)
        differs = _difference(change.before, change.system.read())
        if differs:
            raise Refused(
                "MAG-E403", f"`{change.name}` is not what was approved as its state before: {differs}",
                hint="bring document and system together by hand, then propose the change again",
            )  # fmt: skip

    def bring(self, work: Work, still: Callable[[], None] | None) -> str:
        """Change the system as approved; why not, or empty where it is done.

        Raises:
            Unavailable: it does not answer, or its credential is not confirmed dead; it is tried again.
        """
        change = self._change(work.warrant.body.effect)
        found = change.system.read()
        if found == change.before and still is None:
            return f"the executor stopped before `{change.name}` was changed"
        why = self._made(work, LeasePurpose.EFFECT, change, still) if found == change.before else ""
        differs = _difference(change.after, change.system.read())
        if not differs:
            self._changed(work, change.name, change.after)
        return differs and (why or f"`{change.name}` is not what was approved: {differs}")

    def bring_back(self, work: Work) -> str:
        """Have the system as it was before; why not, or empty where it is so (raises Unavailable)."""
        change = self._change(work.warrant.body.effect)
        back = _Change(name=change.name, system=change.system, before=change.after, after=change.before)
        found = back.system.read()
        why = self._made(work, LeasePurpose.ROLLBACK, back, lambda: None) if found == back.before else ""
        differs = _difference(back.after, back.system.read())
        if found == back.before and not differs:
            self._changed(work, back.name, back.after)
        return differs and (why or f"`{back.name}` is neither what was approved nor what it was: {differs}")

    def seen(self, work: Work) -> Seen:
        """What an independent look at the system sees (raises Unavailable)."""
        change = self._change(work.warrant.body.effect)
        differs = _difference(change.after, change.system.read())
        said = f"`{change.name}`: {differs or f'{len(change.after)} entitlements as approved'}"
        return Seen(held=not differs, seen=said)

    def _made(self, work: Work, purpose: LeasePurpose, change: _Change, still: Callable[[], None] | None) -> str:
        """Hold a credential of the system and change it; a refusal is told in words, and the system says what happened."""
        row = work.row
        back = purpose is LeasePurpose.ROLLBACK
        act = Act(
            execution=work.name, warrant_digest=row.warrant_digest, proposal=row.proposal, purpose=purpose,
            repository=change.name, ref=system_ref(change.name), old=row.commit if back else row.old,
            new=row.inverse if back else row.commit, tree=row.base_tree if back else row.result_tree,
            reason=f"{'give back' if back else 'change'} the entitlements of {change.name} {row.proposal[:19]}",
            mint=lambda lease: change.system.mint.request(work.bundle, lease, ()),
        )  # fmt: skip
        facts = {"purpose": str(purpose), "system": change.name}
        try:
            with self._hands.lease(act) as credential:
                if still is not None:
                    still()
                self._book.step(work.name, JournalStep.SYSTEM_STARTED, StepStatus.INTENT, facts)
                change.system.change(credential, change.before, change.after)
        except _NO as error:
            self._alarm.raise_alarm(f"`{change.name}` is not changed: {error.code} {error.message}")
            return f"`{change.name}` is not changed: {error.message}"
        return ""

    def _changed(self, work: Work, name: str, now: Given) -> None:
        facts = {"system": name, "entitlements": entitlements_digest(now), "count": str(len(now))}
        self._book.step(work.name, JournalStep.SYSTEM_CHANGED, StepStatus.DONE, facts)

    def _change(self, effect: Effect) -> _Change:
        if not isinstance(effect, ChangeEntitlement):
            raise Refused("MAG-E124", f"`{type(effect).__name__}` changes no entitlements")
        if effect.system not in self._systems:
            raise Refused(
                "MAG-E404", f"this executor is set up for no system `{effect.system[:60]}`",
                hint="an operator names it in magistrate.toml: `[system.NAME]`",
            )  # fmt: skip
        before, after = (
            self._target.document(effect.repository, tree, effect.document)
            for tree in (effect.base_tree, effect.result_tree)
        )
        return _Change(name=effect.system, system=self._systems[effect.system], before=before, after=after)


def _difference(wanted: Given, found: Given) -> str:
    """What is otherwise, in words: empty where nothing is."""
    said = []
    for what, some in (("has not", wanted - found), ("has also", found - wanted)):
        if some:
            lines = text_of(some).splitlines()
            more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
            said.append(f"it {what} {' '.join(lines[:_SHOWN])[:600]}{more}")
    return "; ".join(said)
