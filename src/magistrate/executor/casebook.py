"""What the journal knows of executions, leases, tips and drills: rows written with the entries.

Rule kept (invariant 7): the row of a lease is durable in state REQUESTED before anybody is
asked to mint it, and no row ever leaves the set of open leases but by RELEASED.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from magistrate.authority.foreign_lease import ForeignLease
from magistrate.domain.events import Event
from magistrate.domain.execution import LeasePurpose, LeaseState
from magistrate.errors import NotFound, Refused
from magistrate.executor.journal import WORLD, Journal
from magistrate.executor.journal_rows import Rows
from magistrate.executor.rows import ExecutionRow, JournalStep, LeaseRow, Tip
from magistrate.wire.envelope import Envelope, decode_envelope
from magistrate.wire.journal_entry import StepStatus
from magistrate.wire.report import Outcome
from magistrate.wire.times import unix_seconds

_EXECUTION = (
    "select warrant, warrant_digest, bundle, coalesce(proposal,''), coalesce(repository,''),"
    " coalesce(environment,''), coalesce(ref,''), coalesce(old,''), coalesce(commit_id,''), coalesce(inverse,''),"
    " coalesce(base_tree,''), coalesce(result_tree,''), coalesce(outcome,'') from executions"
)
_LEASE = (
    "select lease, execution, purpose, state, warrant_digest, proposal, repository, ref, old, new, reason,"
    " expires from leases"
)


class Casebook:
    """Reads and writes the rows of one journal."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._rows = journal.rows

    # executions

    def known(self, warrant: str) -> bool:
        """Whether a warrant of this id was ever begun here."""
        return self._rows.execute("select 1 from executions where warrant = ?", (warrant,)).fetchone() is not None

    def begin(self, warrant: str, warrant_digest: str, bundle: bytes) -> None:
        """Write down that a warrant is being taken. A warrant is begun once, ever.

        Raises:
            Refused: MAG-E381 when it was begun before.
        """

        def insert(rows: Rows) -> None:
            made = rows.execute(
                "insert into executions(warrant, warrant_digest, bundle) values (?,?,?) on conflict do nothing",
                (warrant, warrant_digest, bundle),
            )
            if made.rowcount != 1:
                raise Refused("MAG-E381", f"the warrant `{warrant}` was used before")

        facts = {"warrant": warrant_digest}
        self.journal.write(warrant, JournalStep.WARRANT_TAKEN, StepStatus.INTENT, facts, insert)

    def step(self, execution: str, step: str, status: StepStatus, facts: Mapping[str, str]) -> None:
        """Write an entry without a row."""
        self.journal.write(execution, step, status, facts)

    def admitted(self, row: ExecutionRow) -> None:
        """Write down what an admitted warrant is about."""
        facts = {
            "proposal": row.proposal,
            "repository": row.repository,
            "environment": row.environment,
            "ref": row.ref,
            "old": row.old,
            "result_tree": row.result_tree,
        }
        self.journal.write(
            row.warrant,
            JournalStep.WARRANT_ADMITTED,
            StepStatus.DONE,
            facts,
            lambda rows: rows.execute(
                "update executions set proposal=?, repository=?, environment=?, ref=?, old=?, base_tree=?, result_tree=?"
                " where warrant=?",
                (
                    row.proposal,
                    row.repository,
                    row.environment,
                    row.ref,
                    row.old,
                    row.base_tree,
                    row.result_tree,
                    row.warrant,
                ),
            ),
        )

    def commits_made(self, execution: str, commit: str, inverse: str) -> None:
        """Write down the one commit that may be pushed, and its inverse."""
        facts = {"commit": commit, "inverse": inverse}
        self.journal.write(
            execution,
            JournalStep.COMMITS_MADE,
            StepStatus.DONE,
            facts,
            lambda rows: rows.execute(
                "update executions set commit_id=?, inverse=? where warrant=?", (commit, inverse, execution)
            ),
        )

    def execution(self, warrant: str) -> ExecutionRow:
        """One execution (raises NotFound MAG-E385)."""
        found = self._rows.execute(f"{_EXECUTION} where warrant = ?", (warrant,)).fetchone()
        if found is None:
            raise NotFound("MAG-E385", f"no execution of the warrant `{warrant[:40]}`")
        return _execution(found)

    def open_executions(self) -> tuple[ExecutionRow, ...]:
        """Executions without an end, oldest first."""
        return tuple(map(_execution, self._rows.execute(f"{_EXECUTION} where outcome is null order by rowid")))

    def landed(self) -> tuple[ExecutionRow, ...]:
        """Executions that succeeded, on any ref, and those that halted and may have left something, oldest first."""
        where = "where outcome in (?, ?)"
        found = self._rows.execute(f"{_EXECUTION} {where} order by rowid", (Outcome.SUCCEEDED, Outcome.HALTED))
        return tuple(map(_execution, found))

    def halted(self, without: JournalStep) -> tuple[ExecutionRow, ...]:
        """Executions that ended halted and have no entry of this step, oldest first."""
        where = "where outcome = ? and not exists (select 1 from entries where execution = warrant and step = ?)"
        return tuple(
            map(_execution, self._rows.execute(f"{_EXECUTION} {where} order by rowid", (Outcome.HALTED, without)))
        )

    def setbacks(self, repository: str) -> tuple[int, ...]:
        """When executions in a repository ended taken back or halted (Unix seconds), oldest first."""
        found = self._rows.execute(
            "select entries.execution from entries join executions on warrant = execution"
            " where repository = ? and outcome in (?, ?) and step = ? order by sequence",
            (repository, Outcome.ROLLED_BACK, Outcome.HALTED, JournalStep.EXECUTION_ENDED),
        ).fetchall()
        ended = (self.journal.entries(execution)[-1] for (execution,) in found)
        return tuple(unix_seconds(entry.issued) for entry in ended)

    def end(
        self, execution: str, outcome: Outcome, why: str, report: Callable[[], Envelope | None], tip: str = ""
    ) -> None:
        """End an execution: entry, outcome and signed report in one transaction.

        `report` is called after the entry is in the chain, so that it can pin the journal's head;
        None when there is nobody to report to. `tip` is what this executor left on the ref.
        """

        def update(rows: Rows) -> None:
            envelope = report()
            rows.execute(
                "update executions set outcome=?, report=?, report_sent=? where warrant=?",
                (outcome, None if envelope is None else envelope.encode(), int(envelope is None), execution),
            )
            if tip:
                rows.execute(
                    "insert into tips(repository, ref, tip) select repository, ref, ? from executions where warrant=?"
                    " on conflict(repository, ref) do update set tip=excluded.tip, alarmed=null",
                    (tip, execution),
                )

        facts = {"outcome": str(outcome), "why": why}
        self.journal.write(execution, JournalStep.EXECUTION_ENDED, StepStatus.DONE, facts, update)

    def unsent_reports(self) -> tuple[tuple[str, Envelope], ...]:
        """Reports that control has not acknowledged."""
        found = self._rows.execute(
            "select warrant, report from executions where report is not null and report_sent = 0 order by rowid"
        ).fetchall()
        return tuple((warrant, decode_envelope(raw)) for warrant, raw in found)

    def report_sent(self, warrant: str) -> None:
        """Remember that control acknowledged a report."""
        with self.journal.transaction():
            self._rows.execute("update executions set report_sent = 1 where warrant = ?", (warrant,))

    # leases

    def lease_requested(self, row: LeaseRow, envelope: Envelope) -> None:
        """The row of a lease, durable before anybody is asked to mint it."""

        def insert(rows: Rows) -> None:
            rows.execute(
                "insert into leases(lease, execution, purpose, state, warrant_digest, proposal, repository, ref, old,"
                " new, reason, expires, envelope) values (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                (
                    row.lease,
                    row.execution,
                    row.purpose,
                    LeaseState.REQUESTED,
                    row.warrant_digest,
                    row.proposal,
                    row.repository,
                    row.ref,
                    row.old,
                    row.new,
                    row.reason,
                    row.expires,
                    envelope.encode(),
                ),
            )

        facts = {**_lease_facts(row), "old": row.old, "commit": row.new, "reason": row.reason, "expires": row.expires}
        self.journal.write(row.execution, Event.LEASE_REQUESTED, StepStatus.INTENT, facts, insert)

    def lease_moved(self, row: LeaseRow, state: LeaseState, facts: Mapping[str, str]) -> None:
        """Write down the next state of a lease with its entry."""
        step = {
            LeaseState.HELD: Event.LEASE_HELD,
            LeaseState.REVOKING: JournalStep.LEASE_REVOKING,
            LeaseState.RELEASED: Event.LEASE_RELEASED,
            LeaseState.UNCONFIRMED: Event.LEASE_UNCONFIRMED,
        }[state]
        status = StepStatus.INTENT if state is LeaseState.REVOKING else StepStatus.DONE
        self.journal.write(
            row.execution,
            step,
            status,
            {**_lease_facts(row), **facts},
            lambda rows: rows.execute("update leases set state=? where lease=?", (state, row.lease)),
        )

    def open_leases(self) -> tuple[LeaseRow, ...]:
        """Every lease that is not RELEASED, oldest first."""
        return tuple(map(_lease, self._rows.execute(f"{_LEASE} where state <> 'released' order by rowid")))

    def leases_of(self, execution: str) -> tuple[LeaseRow, ...]:
        """Every lease of one execution, oldest first."""
        return tuple(map(_lease, self._rows.execute(f"{_LEASE} where execution = ? order by rowid", (execution,))))

    def lease_state(self, lease: str) -> LeaseState | None:
        """The state of a lease; None when this executor never asked for it."""
        found = self._rows.execute("select state from leases where lease = ?", (lease,)).fetchone()
        return None if found is None else LeaseState(found[0])

    # foreign leases

    def foreign_found(self, foreign: ForeignLease, step: str, facts: Mapping[str, str]) -> None:
        """Write down a lease that this journal does not know, once for each find."""

        def insert(rows: Rows) -> None:
            rows.execute(
                "insert into foreign_leases(lease, repository, since) values (?,?,?) on conflict(lease) do update"
                " set repository=excluded.repository, since=excluded.since, told=0, ended=0",
                (foreign.lease, foreign.repository, foreign.since),
            )

        standing = {one.lease for one in self.foreign_leases(untold=True)}
        if foreign.lease not in standing:
            self.journal.write(WORLD, step, StepStatus.DONE, facts, insert)

    def foreign_leases(self, *, repository: str | None = None, untold: bool = False) -> tuple[ForeignLease, ...]:
        """Foreign leases that close a repository, oldest first; with `untold` those that the gate has not heard of."""
        where = "told = 0" if untold else "ended = 0"
        found = self._rows.execute(
            f"select lease, repository, since from foreign_leases where {where} and coalesce(?, repository) = repository"  # noqa: S608  constants
            " order by since, rowid",
            (repository,),
        ).fetchall()
        return tuple(ForeignLease(lease=lease, repository=name, since=since) for lease, name, since in found)

    def foreign_told(self, lease: str) -> None:
        """Remember that the gate heard of a foreign lease."""
        with self.journal.transaction():
            self._rows.execute("update foreign_leases set told = 1 where lease = ?", (lease,))

    def foreign_ended(self, lease: str, step: str, facts: Mapping[str, str]) -> None:
        """Write down that people thawed what a foreign lease closed."""
        self.journal.write(
            WORLD, step, StepStatus.DONE, facts,
            lambda rows: rows.execute("update foreign_leases set ended = 1 where lease = ?", (lease,)),
        )  # fmt: skip

    # tips

    def tips(self) -> tuple[Tip, ...]:
        """What this executor last left on each ref."""
        found = self._rows.execute("select repository, ref, tip, coalesce(alarmed,'') from tips order by 1, 2")
        return tuple(Tip(repository=r, ref=f, tip=t, alarmed=a) for r, f, t, a in found)

    def moved_outside(self, tip: Tip, seen: str) -> None:
        """A ref stands where this executor did not put it."""
        facts = {"repository": tip.repository, "ref": tip.ref, "expected": tip.tip, "seen": seen or "absent"}
        self.journal.write(
            WORLD,
            Event.REF_MOVED_OUTSIDE,
            StepStatus.DONE,
            facts,
            lambda rows: rows.execute(
                "update tips set alarmed=? where repository=? and ref=?", (seen or "absent", tip.repository, tip.ref)
            ),
        )

    # pins

    def pin(self, name: str) -> int:
        """The highest number seen under a name; 1 when none was."""
        found = self._rows.execute("select value from pins where name = ?", (name,)).fetchone()
        return 1 if found is None else int(found[0])

    def raise_pin(self, name: str, value: int) -> None:
        """Remember a number; it never sinks."""
        if value > self.pin(name):
            with self.journal.transaction():
                self._rows.execute(
                    "insert into pins(name, value) values (?,?) on conflict(name) do update set value=excluded.value",
                    (name, value),
                )


def _lease_facts(row: LeaseRow) -> dict[str, str]:
    return {"lease": row.lease, "purpose": str(row.purpose), "repository": row.repository, "ref": row.ref}


def _execution(found: tuple[Any, ...]) -> ExecutionRow:
    warrant, digest, bundle, proposal, repository, environment, ref, old, commit, inverse, base, result, outcome = found
    return ExecutionRow(
        warrant=warrant,
        warrant_digest=digest,
        bundle=bytes(bundle),
        proposal=proposal,
        repository=repository,
        environment=environment,
        ref=ref,
        old=old,
        commit=commit,
        inverse=inverse,
        base_tree=base,
        result_tree=result,
        outcome=outcome,
    )


def _lease(found: tuple[str, ...]) -> LeaseRow:
    lease, execution, purpose, state, digest, proposal, repository, ref, old, new, reason, expires = found
    return LeaseRow(
        lease=lease,
        execution=execution,
        purpose=LeasePurpose(purpose),
        state=LeaseState(state),
        warrant_digest=digest,
        proposal=proposal,
        repository=repository,
        ref=ref,
        old=old,
        new=new,
        reason=reason,
        expires=expires,
    )
