"""A small real log in SQLite, a real witness in this process, and doctored copies of both."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from magistrate.adapters.stores.log import LogStore, NewEntry, Payload, append
from magistrate.adapters.stores.log_schema import create_tables
from magistrate.adapters.stores.witness import WitnessStore
from magistrate.errors import Refused
from magistrate.ledger.cosign import witness_key
from magistrate.ledger.note import verifier_key
from magistrate.ledger.submission import Rejection, format_submission

ORIGIN = "magistrate/test"
LOG_KEY = Ed25519PrivateKey.from_private_bytes(b"L" * 32)
WITNESS_KEY = Ed25519PrivateKey.from_private_bytes(b"W" * 32)
WITNESS_NAME = "witness.test/w1"
LOG_VKEY = verifier_key(ORIGIN, LOG_KEY)
WITNESS_VKEY = witness_key(WITNESS_NAME, WITNESS_KEY)
NOW = 1_764_000_000


class LocalWitness:
    """The real witness without HTTP in between."""

    def __init__(self, database: Path) -> None:
        self.store = WitnessStore(
            database, name=WITNESS_NAME, key=WITNESS_KEY, logs={ORIGIN: LOG_VKEY}, clock=lambda: NOW
        )

    @property
    def vkey(self) -> str:
        return WITNESS_VKEY.encode()

    def cosign(self, size: int, prove: Callable[[int], tuple[bytes, ...]], note: str) -> str:
        old = 0
        for _ in range(2):
            try:
                return self.store.add_checkpoint(format_submission(old, prove(old), note))
            except Rejection as rejection:
                if rejection.size is None or rejection.size == old:
                    raise Refused("MAG-E222", rejection.reason) from rejection
                old = rejection.size
        raise AssertionError("the witness keeps changing its mind")

    def latest(self, origin: str) -> str | None:
        import hashlib

        return self.store.checkpoint(hashlib.sha256(origin.encode()).hexdigest())


def open_log(path: Path) -> sqlite3.Connection:
    """A connection to a log database, made if new."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'log_entry'").fetchone():
        with_transaction(connection, lambda: create_tables(connection))
    return connection


def with_transaction(connection: sqlite3.Connection, step: Callable[[], object]) -> object:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = step()
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return result


def add(connection: sqlite3.Connection, count: int, word: str = "entry") -> None:
    """Append `count` small entries, one payload each."""
    entries = [
        NewEntry(
            type="finding.ingested",
            payloads=(Payload(name="finding", media="text/plain", content=f"{word} {number}".encode()),),
        )
        for number in range(count)
    ]
    with_transaction(connection, lambda: append(connection, entries))


def log_store(witness: LocalWitness) -> LogStore:
    return LogStore(ORIGIN, LOG_KEY, [witness], 1)
