"""Deployments that are brought to a target: what a stage's branch records is run there, under a lease of the target's own.

Rule kept (R5, R57, R58): the artifact is made here from the tree that was agreed on, and pinned by the digest that was agreed on.
Without an admitted warrant in hand, after a crash, nothing is brought any more but what ran before. Where whatever watches the
branch runs it, there is nothing to bring.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from magistrate.authority.admission import Admitted
from magistrate.domain.execution import LeasePurpose
from magistrate.domain.stages import FOLLOW
from magistrate.errors import MagistrateError, Refused
from magistrate.executor.casebook import Casebook
from magistrate.executor.hands import NOT_OVER, Act, Hands
from magistrate.executor.mints import target_ref
from magistrate.executor.ports import Credential, Mint, Seen, Target
from magistrate.executor.rows import JournalStep
from magistrate.executor.work import Work
from magistrate.wire.canonical import digest
from magistrate.wire.effect import Deploy, Effect
from magistrate.wire.journal_entry import StepStatus


class Carrier(Protocol):
    """One target that runs artifacts. Methods raise Refused, or Unavailable where it is not known what happened."""

    @property
    def mint(self) -> Mint:
        """Who gives and ends a credential for it."""

    def run(self, credential: Credential, digest: str, artifact: bytes) -> Seen:
        """Have it run the artifact; held when it says that it runs exactly that. Idempotent."""


class Deliveries:
    """Brings deployments to the targets that one executor is set up for, as `Beside` says it."""

    def __init__(self, *, book: Casebook, hands: Hands, target: Target, carriers: Mapping[str, Carrier]) -> None:
        self._book = book
        self._hands = hands
        self._target = target
        self._carriers = carriers

    def verify_before(self, admitted: Admitted) -> None:
        """Check that the target of the stage is known here (raises Refused MAG-E404)."""
        self._carrier(_deploy(admitted.effect))

    def bring(self, work: Work, still: Callable[[], None] | None) -> str:
        """Have the target run what was agreed on; why not, or empty where it does or nothing is to be brought (raises Unavailable)."""
        effect = _deploy(work.warrant.body.effect)
        if self._carrier(effect) is None:
            return ""
        if still is None:
            ran = self._last_run(work) == effect.artifact_digest
            return "" if ran else f"the executor stopped before it was known that `{effect.command_id}` runs it"
        return self._run(work, LeasePurpose.EFFECT, effect.result_tree, effect.artifact_digest, still)

    def bring_back(self, work: Work) -> str:
        """Have the target run what ran before; why not, or empty where it never ran anything else (raises Unavailable)."""
        effect = _deploy(work.warrant.body.effect)
        if self._carrier(effect) is None or not self._began(work):
            return ""
        before = digest(self._target.artifact(effect.repository, effect.base_tree))
        if self._last_run(work) == before:
            return ""
        return self._run(work, LeasePurpose.ROLLBACK, effect.base_tree, before, lambda: None)

    def seen(self, work: Work) -> Seen | None:
        """None: what runs is looked at by the probes of the stage."""
        del work
        return None

    def _run(self, work: Work, purpose: LeasePurpose, tree: str, wanted: str, still: Callable[[], None]) -> str:
        row, effect = work.row, _deploy(work.warrant.body.effect)
        carrier, name = self._carrier(effect), effect.command_id
        artifact = self._target.artifact(effect.repository, tree)
        if carrier is None or digest(artifact) != wanted:
            return f"the artifact of `{tree[:12]}` made here is another one than the agreed one"
        back = purpose is LeasePurpose.ROLLBACK
        act = Act(
            execution=work.name, warrant_digest=row.warrant_digest, proposal=row.proposal, purpose=purpose,
            repository=effect.repository, ref=target_ref(name), old=row.commit if back else row.old,
            new=row.inverse if back else row.commit, tree=tree, reason=f"have {name} run {wanted[:19]} {row.proposal[:19]}",
            mint=lambda lease: carrier.mint.request(work.bundle, lease, ()),
        )  # fmt: skip
        try:
            with self._hands.lease(act) as credential:
                still()
                self._book.step(
                    work.name,
                    JournalStep.SYSTEM_STARTED,
                    StepStatus.INTENT,
                    {"place": target_ref(name), "what": f"run {wanted}"},
                )
                seen = carrier.run(credential, wanted, artifact)
        except MagistrateError as error:
            if error.code in NOT_OVER:
                raise
            return f"`{name}` is not known to run `{wanted[:19]}`: {error.message}"
        if not seen.held:
            return f"`{name}` does not run `{wanted[:19]}`: {seen.seen[:300]}"
        self._book.step(work.name, JournalStep.SYSTEM_CHANGED, StepStatus.DONE, {"target": name, "runs": wanted})
        return ""

    def _began(self, work: Work) -> bool:
        return any(e.body.step == JournalStep.SYSTEM_STARTED for e in self._book.journal.entries(work.name))

    def _last_run(self, work: Work) -> str:
        """The digest that the target said last that it runs; empty where it said nothing yet."""
        said = [
            e.body.facts["runs"]
            for e in self._book.journal.entries(work.name)
            if e.body.step == JournalStep.SYSTEM_CHANGED
        ]
        return said[-1] if said else ""

    def _carrier(self, effect: Deploy) -> Carrier | None:
        """Who runs it; None where whatever watches the branch does."""
        if effect.command_id == FOLLOW:
            return None
        if effect.command_id not in self._carriers:
            raise Refused(
                "MAG-E404", f"this executor is set up for no target `{effect.command_id[:60]}`",
                hint="an operator names it in magistrate.toml: `[target.NAME]`",
            )  # fmt: skip
        return self._carriers[effect.command_id]


def _deploy(effect: Effect) -> Deploy:
    if not isinstance(effect, Deploy):
        raise Refused("MAG-E124", f"`{type(effect).__name__}` deploys nothing")
    return effect
