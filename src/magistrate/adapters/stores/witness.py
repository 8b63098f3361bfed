"""State of a witness: the last checkpoint cosigned for each log, in a database of its own.

Rule kept: comparing with the last checkpoint and recording the new one are one transaction,
and the new one is on disk (`synchronous=FULL`) before its cosignature leaves the process.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from magistrate.ledger.cosign import cosign
from magistrate.ledger.note import VerifierKey, split_note
from magistrate.ledger.submission import decide, parse_submission


class WitnessStore:
    """Cosigns consistent checkpoints of the logs it knows, and nothing else."""

    def __init__(
        self,
        database: Path,
        *,
        name: str,
        key: Ed25519PrivateKey,
        logs: Mapping[str, VerifierKey],
        clock: Callable[[], int],
    ) -> None:
        self._name, self._key, self._logs, self._clock = name, key, dict(logs), clock
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS cosigned (origin TEXT PRIMARY KEY, size INTEGER NOT NULL,"
            " root BLOB NOT NULL, note TEXT NOT NULL) STRICT"
        )

    def add_checkpoint(self, body: bytes) -> str:
        """Cosignature line for a submission, recorded before it is returned.

        Raises:
            Rejection: with the HTTP status of the standard.
        """
        submission = parse_submission(body)
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            checkpoint = decide(submission, self._logs, self._latest)
            line = cosign(submission.note, self._name, self._key, self._clock())
            text, _ = split_note(submission.note)
            own = self._log_lines(submission.note, checkpoint.origin)
            self._connection.execute(
                "INSERT INTO cosigned VALUES (?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE SET"
                " size = excluded.size, root = excluded.root, note = excluded.note",
                (checkpoint.origin, checkpoint.size, checkpoint.root, f"{text}\n{own}{line}"),
            )
        return line

    def checkpoint(self, origin_hash: str) -> str | None:
        """The note last cosigned for the log whose origin has this SHA-256 (hex)."""
        names = {_sha256_hex(origin): origin for origin in self._logs}
        origin = names.get(origin_hash)
        if origin is None:
            return None
        with self._lock:
            row = self._connection.execute("SELECT note FROM cosigned WHERE origin = ?", (origin,)).fetchone()
        return None if row is None else str(row[0])

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _latest(self, origin: str) -> tuple[int, bytes] | None:
        row = self._connection.execute("SELECT size, root FROM cosigned WHERE origin = ?", (origin,)).fetchone()
        return None if row is None else (int(row[0]), bytes(row[1]))

    def _log_lines(self, note: str, origin: str) -> str:
        key = self._logs[origin]
        _, lines = split_note(note)
        return "".join(line.encode() for line in lines if line.name == key.name and line.key_id == key.key_id)


def _sha256_hex(origin: str) -> str:
    return hashlib.sha256(origin.encode()).hexdigest()
