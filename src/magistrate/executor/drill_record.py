"""Results of drills as this executor's own journal holds them.

Rule kept (R85): whether a repository and environment are drilled is answered from here
alone, never from control. For each of the four kinds the newest result counts, so a failed
drill takes back an older pass; a result counts until its `expires`. A verdict of the same assessor that control
tells otherwise takes back all of a repository at once: only drills ordered after it count again.
"""

from __future__ import annotations

from collections.abc import Mapping

from magistrate.domain.events import Event
from magistrate.errors import Refused
from magistrate.executor.identity import Identity
from magistrate.executor.journal import WORLD, Journal
from magistrate.executor.journal_rows import Rows
from magistrate.executor.rows import JournalStep
from magistrate.wire.document import Document
from magistrate.wire.drill import DrillKind, DrillResult
from magistrate.wire.envelope import Envelope, decode_envelope
from magistrate.wire.journal_entry import JournalEntry, StepStatus
from magistrate.wire.times import rfc3339


class DrillRecord:
    """The drill rows of one journal."""

    def __init__(self, journal: Journal, identity: Identity) -> None:
        self._journal = journal
        self._rows = journal.rows
        self._identity = identity

    def add(self, result: Document[DrillResult]) -> Envelope:
        """Sign and keep one result with its journal entry."""
        body, envelope = result.body, self._identity.seal(result)

        def insert(rows: Rows) -> None:
            rows.execute(
                "insert into drills(digest, order_digest, repository, environment, kind, envelope)"
                " values (?,?,?,?,?,?)",
                (result.digest(), body.order, body.repository, body.environment, body.kind, envelope.encode()),
            )

        facts = {
            "kind": str(body.kind),
            "repository": body.repository,
            "environment": body.environment,
            "passed": "yes" if body.passed else "no",
            "result": result.digest(),
            "expires": result.expires or "",
        }
        self._journal.write(WORLD, JournalStep.DRILL_KEPT, StepStatus.DONE, facts, insert)
        return envelope

    def demote(self, execution: str, repository: str, facts: Mapping[str, str]) -> None:
        """No drill of this repository counts any more, once for each execution; `facts` say why."""
        if any(entry.body.step == Event.TRUST_DEMOTED for entry in self._journal.entries(execution)):
            return
        at = self._journal.now()

        def insert(rows: Rows) -> None:
            rows.execute(
                "insert into demotions(repository, after_drill, at)"
                " select ?, coalesce(max(sequence), 0), ? from drills",
                (repository, at),
            )

        told = {"repository": repository, "at": str(at), **facts}
        self._journal.write(execution, Event.TRUST_DEMOTED, StepStatus.DONE, told, insert)

    def demoted_at(self, repository: str) -> int:
        """When readiness of a repository was last lost (Unix seconds); 0 when it never was."""
        (at,) = self._rows.execute(
            "select coalesce(max(at), 0) from demotions where repository = ?", (repository,)
        ).fetchone()
        return int(at)

    def drilled(self, repository: str, environment: str, now: int) -> bool:
        """Whether all four drills passed there and none has expired."""
        return all(self._passed(kind, repository, environment, now) for kind in DrillKind)

    def done(self, order_digest: str) -> frozenset[DrillKind]:
        """The kinds that have a result for an order."""
        found = self._rows.execute("select kind from drills where order_digest = ?", (order_digest,))
        return frozenset(DrillKind(kind) for (kind,) in found)

    def unsent(self) -> tuple[tuple[int, Envelope], ...]:
        """Results that control has not acknowledged."""
        found = self._rows.execute("select sequence, envelope from drills where sent = 0 order by sequence").fetchall()
        return tuple((sequence, decode_envelope(raw)) for sequence, raw in found)

    def mark_sent(self, sequence: int) -> None:
        """Remember that control acknowledged a result."""
        with self._journal.transaction():
            self._rows.execute("update drills set sent = 1 where sequence = ?", (sequence,))

    def _passed(self, kind: DrillKind, repository: str, environment: str, now: int) -> bool:
        found = self._rows.execute(
            "select envelope from drills where kind = ? and repository = ? and environment = ?"
            " and sequence > (select coalesce(max(after_drill), 0) from demotions where repository = ?)"
            " order by sequence desc limit 1",
            (kind, repository, environment, repository),
        ).fetchone()
        if found is None:
            return False
        result = self._journal.opened(decode_envelope(found[0]), DrillResult)
        if not self._kept(result.digest()):
            raise Refused("MAG-E382", "a drill result in the executor's journal has no entry of its own")
        return result.body.passed and result.expires is not None and result.expires > rfc3339(now)

    def _kept(self, digest: str) -> bool:
        """Whether an entry of the chain says that this result was kept: a former key alone adds none."""
        entries = self._rows.execute(
            "select envelope from entries where execution = ? and step = ? order by sequence desc",
            (WORLD, JournalStep.DRILL_KEPT),
        )
        return any(
            self._journal.opened(decode_envelope(raw), JournalEntry).body.facts.get("result") == digest
            for (raw,) in entries
        )
