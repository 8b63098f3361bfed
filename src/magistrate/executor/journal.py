"""The executor's own journal: hash-chained, signed, durable before anything happens.

Rule kept (invariant 6): the intent is on disk before a step and its result after it. SQLite
in WAL mode with `synchronous = FULL`; each entry is a signed `JournalEntry` that names the
digest of the entry before. The chain is verified whenever the journal is opened, and a second
executor on the same journal is refused. Where the executor's key was replaced, the former signed to
its last entry and never after it (`executor.signers`).
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

from magistrate.errors import Refused, Unavailable, Usage
from magistrate.executor.identity import Identity
from magistrate.executor.ports import Clock
from magistrate.executor.rows import SCHEMA, SCHEMA_ADDED, SCHEMA_VERSION, JournalStep
from magistrate.executor.signers import Signers
from magistrate.wire.document import Body, Document
from magistrate.wire.envelope import Envelope, decode_envelope
from magistrate.wire.journal_entry import JournalEntry, StepStatus

WORLD: Final = "executor"
"""The `execution` of entries that belong to no warrant: watch and drills."""

Also = Callable[[sqlite3.Connection], object]
B = TypeVar("B", bound=Body)
NO_KEYS: Final[Mapping[str, bytes]] = MappingProxyType({})


class Journal:
    """An open journal. All writes go through `write`: one transaction, entry and rows together."""

    def __init__(self, path: Path, identity: Identity, clock: Clock, former: Mapping[str, bytes] = NO_KEYS) -> None:
        """Open or create, lock, and verify the chain.

        `former` are the raw public keys, by key id, of executors that earlier rosters named: one of them may have
        signed what came before its hand-over. Where that is the last entry, this key takes over with the next.

        Raises:
            Unavailable: MAG-E383 when another executor holds it, MAG-E384 when it is unreadable
                or newer than this program.
            Refused: MAG-E382 when the chain does not verify.
        """
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._identity = identity
        self._clock = clock
        self._signers = Signers(identity, former)
        self._lock = _exclusive(path.with_suffix(".lock"))
        try:
            self.rows = _open(path)
            self.sequence, self.head = self._verify_chain()
            self._take_over()
        except BaseException:
            os.close(self._lock)
            raise

    def close(self) -> None:
        """Close the journal and let another executor open it."""
        self.rows.close()
        os.close(self._lock)

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
            self.rows.execute("begin immediate")
            yield
            self.rows.execute("commit")
        except BaseException as error:
            if self.rows.in_transaction:
                self.rows.execute("rollback")
            self.sequence, self.head = before
            if isinstance(error, sqlite3.OperationalError):
                raise Unavailable("MAG-E384", f"the executor's journal cannot be written: {error}") from error
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

    def _verify_chain(self) -> tuple[int, str | None]:
        previous: str | None = None
        expected = 0
        found = self.rows.execute(
            "select sequence, execution, step, status, digest, envelope from entries order by sequence"
        )
        for sequence, execution, step, status, digest, raw in found:
            expected += 1
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
                    hint="keep the file, freeze, and compare it with the steps in control's log",
                )
            previous = digest
        return expected, previous

    def _take_over(self) -> None:
        """Go on where a former key ended (raises Refused MAG-E382 when it did not hand over to this one)."""
        former = self._signers.hands_over()
        if former:
            facts = {"key": self._identity.keyid, "former": former, "entries": str(self.sequence)}
            self.write(WORLD, JournalStep.KEY_TAKEN_OVER, StepStatus.DONE, facts)


def _exclusive(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise Unavailable("MAG-E383", f"another executor works with `{path.parent}`", hint="stop it first") from error
    return handle


def _open(path: Path) -> sqlite3.Connection:
    fresh = not path.exists()
    if fresh:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    try:
        rows = sqlite3.connect(path, isolation_level=None)
        rows.execute("pragma journal_mode = wal")
        rows.execute("pragma synchronous = full")
        (version,) = rows.execute("pragma user_version").fetchone()
        if version == 0:
            rows.executescript(f"begin immediate; {SCHEMA} pragma user_version = {SCHEMA_VERSION}; commit;")
        elif version != SCHEMA_VERSION:
            raise Unavailable(
                "MAG-E384",
                f"the journal has the version `{version}`, this program reads `{SCHEMA_VERSION}`",
                hint="use the version of Magistrate that wrote it",
            )
        rows.executescript(f"begin immediate; {SCHEMA_ADDED} commit;")
    except sqlite3.DatabaseError as error:
        raise Unavailable("MAG-E384", f"the executor's journal cannot be read: {error}") from error
    return rows
