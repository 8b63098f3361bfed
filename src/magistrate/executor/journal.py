"""The executor's own journal: hash-chained, signed, durable before anything happens.

Rule kept (invariant 6): the intent is durable before a step and its result after it, in a file or on a PostgreSQL server; each
entry is a signed `JournalEntry` that names the digest of the entry before. The chain is verified whenever the journal is opened,
and a second executor on the same journal is refused. Where the executor's key was replaced, the former signed to
its last entry and never after it (`executor.signers`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from magistrate.errors import Refused, Usage
from magistrate.executor.identity import Identity
from magistrate.executor.journal_place import JournalPlace
from magistrate.executor.journal_postgres import PostgresRows
from magistrate.executor.journal_rows import Rows
from magistrate.executor.journal_sqlite import SqliteRows
from magistrate.executor.ports import Clock
from magistrate.executor.rows import JournalStep
from magistrate.executor.signers import Signers
from magistrate.wire.document import Body, Document
from magistrate.wire.envelope import Envelope, decode_envelope
from magistrate.wire.journal_entry import JournalEntry, StepStatus

WORLD: Final = "executor"
"""The `execution` of entries that belong to no warrant: watch and drills."""

_PAGE: Final = 500
Also = Callable[[Rows], object]
B = TypeVar("B", bound=Body)
NO_KEYS: Final[Mapping[str, bytes]] = MappingProxyType({})


class Journal:
    """An open journal. All writes go through `write`: one transaction, entry and rows together."""

    def __init__(
        self, where: Path | JournalPlace, identity: Identity, clock: Clock, former: Mapping[str, bytes] = NO_KEYS
    ) -> None:
        """Open or create, hold, and verify the chain.

        `former` are the raw public keys, by key id, of executors that earlier rosters named: one of them may have
        signed what came before its hand-over. Where that is the last entry, this key takes over with the next.

        Raises:
            Usage: MAG-E406 when the place is not acceptable. Unavailable: MAG-E414 without its driver.
            Unavailable: MAG-E383 when another executor holds it, MAG-E384 when it is unreadable
                or newer than this program.
            Refused: MAG-E382 when the chain does not verify.
        """
        self._identity = identity
        self._clock = clock
        self._former = former
        self._signers = Signers(identity, former)
        self.rows: Rows = SqliteRows(where) if isinstance(where, Path) else PostgresRows(where)
        self.sequence: int = 0
        self.head: str | None = None
        self._doubted = False
        try:
            self._verify_chain()
            self._take_over()
        except BaseException:
            self.rows.close()
            raise

    def close(self) -> None:
        """Close the journal and let another executor open it."""
        self.rows.close()

    def resume(self) -> None:
        """Have the journal again where it was lost, as it is when it is opened; everything confirmed here must be there.

        Raises:
            Unavailable: MAG-E384 while it is not to be had, MAG-E383 while another executor holds it.
            Refused: MAG-E382 when it is not the one that was lost.
        """
        if self.rows.resume() or self._doubted:
            self._doubted = True
            self._verify_chain()
            self._take_over()
            self._doubted = False

    def write(
        self, execution: str, step: str, status: StepStatus, facts: Mapping[str, str], also: Also | None = None
    ) -> Envelope:
        """Append one entry, and whatever `also` writes, in one durable transaction."""
        with self.transaction():
            envelope = self._append(execution, step, status, facts)
            if also is not None:
                also(self.rows)
        return envelope

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One durable transaction; on any error nothing of it remains."""
        before = self.sequence, self.head
        try:
            with self.rows.transaction():
                yield
        except BaseException:
            self.sequence, self.head = before
            raise

    def _append(self, execution: str, step: str, status: StepStatus, facts: Mapping[str, str]) -> Envelope:
        body = JournalEntry(
            sequence=self.sequence + 1,
            previous=self.head,
            execution=execution,
            step=step,
            status=status,
            facts=dict(facts),
        )
        framed = self._identity.frame(body, "jrn", now=self._clock.now(), lifetime=None)
        envelope, digest = self._identity.seal(framed), framed.digest()
        self.rows.execute(
            "insert into entries(sequence, execution, step, status, digest, envelope) values (?,?,?,?,?,?)",
            (body.sequence, execution, step, status, digest, envelope.encode()),
        )
        self.sequence, self.head = body.sequence, digest
        return envelope

    def entries(self, execution: str) -> tuple[Document[JournalEntry], ...]:
        """The entries of one execution, in order."""
        found = self.rows.execute(
            "select envelope from entries where execution = ? order by sequence", (execution,)
        ).fetchall()
        return tuple(self.opened(decode_envelope(raw), JournalEntry) for (raw,) in found)

    def opened(self, envelope: Envelope, body: type[B]) -> Document[B]:
        """Open what a key of this journal signed: its executor's, or a former one (raises Refused, Usage)."""
        return self._signers.open(envelope, body)

    def unsent(self, after: int = 0, limit: int = 200) -> tuple[tuple[int, Envelope], ...]:
        """Entries beyond `after` that control has not acknowledged, oldest first."""
        found = self.rows.execute(
            "select sequence, envelope from entries where sent = 0 and sequence > ? order by sequence limit ?",
            (after, limit),
        ).fetchall()
        return tuple((sequence, decode_envelope(raw)) for sequence, raw in found)

    def mark_sent(self, sequence: int) -> None:
        """Remember that control acknowledged an entry."""
        with self.transaction():
            self.rows.execute("update entries set sent = 1 where sequence = ?", (sequence,))

    def now(self) -> int:
        """Unix seconds, by the clock of this journal."""
        return self._clock.now()

    def _verify_chain(self) -> None:
        """Verify every entry, and take the last one as the head; what was confirmed here before must be among them.

        Raises:
            Refused: MAG-E382.
        """
        self._signers = Signers(self._identity, self._former)
        sequence, head = 0, None
        while found := self.rows.execute(
            "select sequence, execution, step, status, digest, envelope from entries where sequence > ?"
            " order by sequence limit ?",
            (sequence, _PAGE),
        ).fetchall():
            for row in found:
                head, sequence = self._verified(row, sequence + 1, head), sequence + 1
                if sequence == self.sequence and head != self.head:
                    raise self._other(sequence)
        if sequence < self.sequence:
            raise self._other(self.sequence)
        self.sequence, self.head = sequence, head

    @staticmethod
    def _other(sequence: int) -> Refused:
        return Refused(
            "MAG-E382", f"the entry `{sequence}` that was confirmed is no longer in the executor's journal",
            hint="freeze; the server lost what it confirmed, or is another one: compare with the steps in control's log",
        )  # fmt: skip

    def _verified(self, row: tuple[Any, ...], expected: int, previous: str | None) -> str:
        """The digest of an entry that is the next one (raises Refused MAG-E382)."""
        sequence, execution, step, status, digest, raw = row
        try:
            envelope = decode_envelope(raw)
            entry = self.opened(envelope, JournalEntry)
            self._signers.verify_next(envelope.signatures[0].keyid, entry.body)
        except (Refused, Usage) as error:
            raise Refused("MAG-E382", f"entry `{sequence}` does not verify: {error.message}") from error
        body = entry.body
        same = (body.sequence, body.execution, body.step, body.status, entry.digest())
        if same != (sequence, execution, step, status, digest) or sequence != expected or body.previous != previous:
            raise Refused(
                "MAG-E382",
                f"the executor's journal is broken at entry `{expected}`",
                hint="keep it as it is, freeze, and compare it with the steps in control's log",
            )
        return str(digest)

    def _take_over(self) -> None:
        """Go on where a former key ended (raises Refused MAG-E382 when it did not hand over to this one)."""
        former = self._signers.hands_over()
        if former:
            facts = {"key": self._identity.keyid, "former": former, "entries": str(self.sequence)}
            self.write(WORLD, JournalStep.KEY_TAKEN_OVER, StepStatus.DONE, facts)
