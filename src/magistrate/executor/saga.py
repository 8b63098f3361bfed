"""One warrant from taking it to its signed report, in the order of the design (section 5).

Checks on the exact tree; lease row; credential; the action's move of exactly `old -> new`; revoke; negative
probe; live verification; on failure the pre-built inverse under a second lease; report.

Rule kept: what happened is decided by where the ref stands (old, new, inverse, other), never by
an exit code. What is particular to an action is behind `executor.action`; an action without a way
back ends HALTED when its verification fails. A ref that another hand moved is never forced back: HALTED.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from magistrate.authority.admission import Admitted
from magistrate.domain.events import Event
from magistrate.domain.execution import Action, LeasePurpose
from magistrate.errors import MagistrateError, NotFound, Refused, Usage
from magistrate.executor.action import ExecutorAction, Move, Standing
from magistrate.executor.admit import SKEW, Admission
from magistrate.executor.beside import Beside
from magistrate.executor.casebook import Casebook
from magistrate.executor.checks import NOBODY, Checks
from magistrate.executor.halts import Halts
from magistrate.executor.hands import Act, Hands
from magistrate.executor.identity import Identity
from magistrate.executor.outbox import Outbox
from magistrate.executor.ports import Alarm, Broker, Clock, ControlInbox, Credential
from magistrate.executor.report import Ending, make_report
from magistrate.executor.rows import ExecutionRow, JournalStep
from magistrate.executor.verification import Verifier
from magistrate.executor.work import Work, decode_bundle, open_warrant, work_of
from magistrate.wire.canonical import canonical
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.envelope import Envelope
from magistrate.wire.journal_entry import StepStatus
from magistrate.wire.report import Outcome

SETTLE_SECONDS: Final = 2.0
SETTLE_PAUSE_SECONDS: Final = 0.2
_NO: Final = (Refused, Usage, NotFound)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything an execution needs."""

    book: Casebook
    identity: Identity
    admission: Admission
    halts: Halts
    hands: Hands
    beside: Beside
    broker: Broker
    actions: Mapping[Action, ExecutorAction]
    checks: Checks
    verifier: Verifier
    inbox: ControlInbox
    outbox: Outbox
    clock: Clock
    alarm: Alarm


class Saga:
    """Runs executions, one at a time, and settles those that a crash interrupted."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._book = parts.book

    def start(self, bundle: CaseBundle) -> None:
        """Take a warrant and execute it. One seen before, or made out to another executor, is left alone.

        Raises:
            Unavailable: something could not be reached; `settle` goes on later.
        """
        warrant = open_warrant(bundle, self._parts.identity.deployment)
        if self._book.known(warrant.id) or warrant.body.executor != self._parts.identity.keyid:
            return
        self._book.begin(warrant.id, warrant.digest(), canonical(bundle))
        if not self._parts.inbox.take(warrant.id):
            why = "control no longer offers this warrant"
            self._book.end(warrant.id, Outcome.REFUSED, why, lambda: None)
            return
        self._book.step(warrant.id, JournalStep.WARRANT_TAKEN, StepStatus.DONE, {})
        self._run(self._book.execution(warrant.id))

    def settle(self, row: ExecutionRow) -> None:
        """Go on with an execution that has no end. Its leases are released already.

        Without any lease nothing can have happened, and it starts again from admission;
        otherwise the state of the ref decides.

        Raises:
            Unavailable: not yet; it is tried again.
        """
        self._book.step(row.warrant, JournalStep.EXECUTION_RESUMED, StepStatus.INTENT, {})
        if self._book.leases_of(row.warrant):
            self._conclude(work_of(row, self._parts.admission.pins()))
            return
        taken = [e for e in self._book.journal.entries(row.warrant) if e.body.step == JournalStep.WARRANT_TAKEN]
        if len(taken) < 2 and not self._parts.inbox.take(row.warrant):  # noqa: PLR2004  intent and done
            self._end(row, Outcome.REFUSED, "the executor stopped while it took the warrant, which is gone now")
            return
        self._run(row)

    def _run(self, row: ExecutionRow) -> None:
        self._parts.outbox.flush()
        try:
            work, admitted = self._prepare(row)
            if not self._checked(work, admitted):
                return
            self._parts.admission.verify_not_stopped(admitted)
        except _NO as error:
            self._parts.alarm.raise_alarm(f"the warrant `{row.warrant}` is refused: {error.code} {error.message}")
            outcome = Outcome.VERSION_SKEW if error.code == SKEW else Outcome.REFUSED
            self._end(row, outcome, f"{error.code} {error.message}")
            return
        self._effect(work, admitted)
        self._conclude(work, lambda: self._parts.admission.verify_not_stopped(admitted))

    def _prepare(self, row: ExecutionRow) -> tuple[Work, Admitted]:
        """Admit, and make what the effect puts there together with its inverse."""
        bundle = decode_bundle(row.bundle)
        admitted = self._parts.admission.admit(bundle)
        action = self._action(admitted.warrant.body.action)
        self._book.admitted(action.row_of(row, admitted))
        made = action.prepare(admitted)
        self._book.commits_made(row.warrant, made.commit, made.inverse)
        action.verify_unmoved(self._book.execution(row.warrant))
        self._parts.beside.verify_before(admitted)
        return work_of(self._book.execution(row.warrant), self._parts.admission.pins()), admitted

    def _checked(self, work: Work, admitted: Admitted) -> bool:
        """Run the policy's checks on exactly the result tree, before any credential exists."""
        why = self._parts.checks.refused_because(work, admitted.verdict, admitted.proposal.body.finding)
        if why:
            self._end(work.row, Outcome.FAILED, why)
            return False
        self._parts.outbox.flush()
        return True

    def _action(self, name: Action) -> ExecutorAction:
        """The action of this name (raises Refused MAG-E124 when it is none of this executor)."""
        found = self._parts.actions.get(name)
        if found is None:
            raise Refused("MAG-E124", f"no executor here performs `{name}`")
        return found

    def _of(self, work: Work) -> ExecutorAction:
        return self._action(work.warrant.body.action)

    def _effect(self, work: Work, admitted: Admitted) -> None:
        def mint(lease: Envelope) -> Credential:
            return self._parts.broker.request(work.bundle, lease, self._parts.admission.withdrawals())

        self._act(
            work,
            LeasePurpose.EFFECT,
            self._of(work).effect(work.row),
            mint,
            still=lambda: self._parts.admission.verify_not_stopped(admitted),
        )

    def _act(
        self,
        work: Work,
        purpose: LeasePurpose,
        move: Move,
        mint: Callable[[Envelope], Credential],
        *,
        still: Callable[[], None] = lambda: None,
    ) -> None:
        """Hold a credential and act. A refusal by the gate is recorded; the ref says what happened."""
        row = work.row
        act = Act(
            execution=work.name, warrant_digest=row.warrant_digest, proposal=row.proposal, purpose=purpose,
            repository=row.repository, ref=row.ref, old=move.old, new=move.new, tree=move.tree, reason=move.reason,
            mint=mint,
        )  # fmt: skip
        facts = {"purpose": str(purpose), "commit": move.new, "tree": move.tree}
        try:
            with self._parts.hands.lease(act) as credential:
                still()
                self._book.step(work.name, Event.EFFECT_STARTED, StepStatus.INTENT, facts)
                self._of(work).act(credential, row, move)
        except _NO as error:
            self._parts.alarm.raise_alarm(f"the gate refused: {error.code} {error.message}")
        self._parts.outbox.flush()

    def _conclude(self, work: Work, still: Callable[[], None] | None = None) -> None:
        """Decide by the state of the ref what happened, and bring the execution to its end; `still` as `Beside.bring`."""
        row, action = work.row, self._of(work)
        found = self._settled(row, action)
        stands = action.standing(row, found)
        landed = self._effect_seen(row, stands)
        if stands is Standing.DONE:
            self._verify(work, still)
        elif stands is Standing.UNDONE:
            self._roll_back(work)
        elif stands is Standing.BEFORE and not landed:
            self._end(row, Outcome.FAILED, "the change was not applied; the ref stands where it stood", found)
        else:
            self._halt(row, found)

    def _effect_seen(self, row: ExecutionRow, stands: Standing) -> bool:
        """Write `effect.done` once, from the ref and not from the exit code of the push; whether it was ever seen."""
        done = any(e.body.step == Event.EFFECT_DONE for e in self._book.journal.entries(row.warrant))
        if stands in {Standing.DONE, Standing.UNDONE} and not done:
            facts = {"commit": row.commit, "tree": row.result_tree, "repository": row.repository, "ref": row.ref}
            self._book.step(row.warrant, Event.EFFECT_DONE, StepStatus.DONE, facts)
            return True
        return done

    def _settled(self, row: ExecutionRow, action: ExecutorAction) -> str:
        """Where the ref stands, after whatever may still be under way behind the gate had time to end."""
        found = action.read(row)
        deadline = self._parts.clock.monotonic() + SETTLE_SECONDS
        while action.standing(row, found) is Standing.BEFORE and self._parts.clock.monotonic() < deadline:
            self._parts.clock.sleep(SETTLE_PAUSE_SECONDS)
            found = action.read(row)
        return found

    def _verify(self, work: Work, still: Callable[[], None] | None) -> None:
        passed = self._parts.verifier.recorded(work.name)
        if passed is None:
            self._parts.outbox.flush()
            passed = self._brought(work, still) and self._parts.verifier.observe(
                work, self._parts.checks.vouched_by(work.name), lambda: self._parts.beside.seen(work)
            )
        if not passed:
            self._roll_back(work)
            return
        action = self._of(work)
        found = action.read(work.row)
        if action.standing(work.row, found) is not Standing.DONE:
            self._halt(work.row, found)
            return
        self._end(work.row, Outcome.SUCCEEDED, _verified(self._parts.verifier.vouched_by(work.name)), found)

    def _brought(self, work: Work, still: Callable[[], None] | None) -> bool:
        """Change what the effect changes beside its ref; what fails there is written down as a verification that failed."""
        why = self._parts.beside.bring(work, still)
        if why:
            self._parts.alarm.raise_alarm(why)
            self._parts.verifier.failed(work, why)
        return not why

    def _roll_back(self, work: Work) -> None:
        """Take the way back that was made before the effect, under leases of their own; without one, halt."""
        row, action = work.row, self._of(work)
        why = self._parts.beside.bring_back(work)
        if why:
            self._parts.alarm.raise_alarm(why)
            self._halt(row, action.read(row), why)
            return
        move = action.way_back(row)
        if move is not None and action.standing(row, action.read(row)) is not Standing.UNDONE:
            self._act(
                work, LeasePurpose.ROLLBACK, move, lambda lease: self._parts.broker.request(work.bundle, lease, ())
            )
        found = action.read(row)
        if action.standing(row, found) is Standing.UNDONE:
            self._rolled_back(row)
        else:
            self._halt(row, found)

    def _rolled_back(self, row: ExecutionRow) -> None:
        done = any(e.body.step == Event.ROLLBACK_DONE for e in self._book.journal.entries(row.warrant))
        if not done:
            facts = {"commit": row.inverse, "tree": row.base_tree}
            self._book.step(row.warrant, Event.ROLLBACK_DONE, StepStatus.DONE, facts)
        self._end(
            row,
            Outcome.ROLLED_BACK,
            f"{self._parts.verifier.failure(row.warrant)}; the tree is what it was before",
            row.inverse,
        )

    def _halt(self, row: ExecutionRow, found: str, why: str = "") -> None:
        """Leave it to people; `why` is what cannot be brought back beside the ref."""
        self._parts.alarm.raise_alarm(f"`{row.ref}` of `{row.repository}` stands at `{found[:12]}`: people must look")
        if found == row.commit:
            way = "the inverse could not be applied" if row.inverse else "this action has no way back"
            failure = self._parts.verifier.failure(row.warrant)
            self._end(row, Outcome.HALTED, f"{failure}; {why}" if why else f"{failure} and {way}", found)
            return
        facts = {"repository": row.repository, "ref": row.ref, "expected": row.commit, "seen": found or "absent"}
        self._book.step(row.warrant, Event.REF_MOVED_OUTSIDE, StepStatus.DONE, facts)
        self._end(row, Outcome.HALTED, "another hand moved the ref; nothing is forced", found, ours=False)

    def _end(self, row: ExecutionRow, outcome: Outcome, why: str, found: str = "", *, ours: bool = True) -> None:
        """Write the end with its report; what this executor left on the ref is watched from here."""
        parts, ending = self._parts, Ending(outcome=outcome, why=why[:2000], ref_after=found)
        self._book.end(
            row.warrant, outcome, ending.why,
            lambda: make_report(self._book, parts.identity, row.warrant, ending, parts.clock.now()),
            tip=found if ours else "",
        )  # fmt: skip
        if outcome is Outcome.HALTED:
            parts.halts.tell()
        elif self._book.leases_of(row.warrant):
            self._release_hold(row)
        parts.outbox.flush()

    def _release_hold(self, row: ExecutionRow) -> None:
        try:
            self._parts.broker.release_hold(row.warrant_digest)
        except MagistrateError as error:
            self._parts.alarm.raise_alarm(f"the gate keeps `{row.ref}` held for a while: {error.message}")


def _verified(vouched_by: str) -> str:
    if vouched_by == NOBODY:
        return "applied, revoked and probed, but unverified: whatever looked at it, the change itself can influence"
    return f"applied, revoked, probed and verified by {vouched_by}"
