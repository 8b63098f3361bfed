"""The log in SQLite: atomic appends, sealing, proofs, erasure, rows of record."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from world.ledger import (
    LOG_KEY,
    LOG_VKEY,
    ORIGIN,
    WITNESS_VKEY,
    LocalWitness,
    add,
    log_store,
    open_log,
    with_transaction,
)

from magistrate.adapters.stores.export import DirectoryExport, export_log
from magistrate.adapters.stores.log import (
    LogStore,
    NewEntry,
    Payload,
    append,
    erase,
    log_size,
    read_leaf,
    read_payload,
    tree_at,
)
from magistrate.errors import NotFound, Refused, Unavailable, Usage
from magistrate.ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from magistrate.ledger.leaf import commitment, decode_leaf, decode_leaves
from magistrate.ledger.verify import verify_export, verify_inclusion_bundle


class SilentWitness:
    """A witness that is down."""

    vkey = WITNESS_VKEY.encode()

    def cosign(self, size: int, prove: Callable[[int], tuple[bytes, ...]], note: str) -> str:
        raise Unavailable("MAG-E220", "down")

    def latest(self, origin: str) -> str | None:
        raise Unavailable("MAG-E220", "down")


@pytest.fixture
def log(tmp_path: Path) -> sqlite3.Connection:
    return open_log(tmp_path / "log.db")


@pytest.fixture
def store(tmp_path: Path) -> LogStore:
    return log_store(LocalWitness(tmp_path / "witness.db"))


def test_an_entry_rolls_back_with_its_transaction(log: sqlite3.Connection) -> None:
    log.execute("BEGIN")
    append(log, [NewEntry(type="a.b", payloads=())])
    log.execute("ROLLBACK")
    assert log_size(log) == 0


@pytest.mark.requirement("R60", "R62")
def test_a_sealed_entry_proves_itself_to_who_has_only_keys(log: sqlite3.Connection, store: LogStore) -> None:
    add(log, 270)
    store.seal(log)
    proof, leaf = store.prove(log, 200), read_leaf(log, 200)
    log_vkey, witnesses = LOG_VKEY.encode(), (WITNESS_VKEY.encode(),)
    assert verify_inclusion_bundle(leaf, proof, log_vkey, witnesses, 1).size == 270
    for wrong_leaf, wrong_proof, keys, quorum in (
        (read_leaf(log, 201), proof, witnesses, 1),
        (leaf, store.prove(log, 201), witnesses, 1),
        (leaf, proof, (), 1),
        (leaf, proof, witnesses, 2),
        (leaf, proof, witnesses * 2, 2),
        (leaf, proof, witnesses, 0),
        (leaf, proof.rpartition("\u2014")[0], witnesses, 1),
        (leaf, proof.replace("index 200", "index 0200"), witnesses, 1),
        (leaf, "", witnesses, 1),
    ):
        with pytest.raises(Refused):
            verify_inclusion_bundle(wrong_leaf, wrong_proof, log_vkey, keys, quorum)


@pytest.mark.requirement("R60", "R61")
def test_a_leaf_of_another_log_is_not_proven(log: sqlite3.Connection, store: LogStore) -> None:
    add(log, 9)
    store.seal(log)
    forged = read_leaf(log, 4).replace(b"finding.ingested", b"warrant.issued")
    with pytest.raises(Refused) as caught:
        verify_inclusion_bundle(forged, store.prove(log, 4), LOG_VKEY.encode(), (WITNESS_VKEY.encode(),), 1)
    assert caught.value.code == "MAG-E204"


@pytest.mark.requirement("R62")
def test_without_a_witness_nothing_is_sealed_and_nothing_is_proven(log: sqlite3.Connection) -> None:
    store = LogStore(ORIGIN, LOG_KEY, [SilentWitness()], 1)
    add(log, 3)
    with pytest.raises(Unavailable):
        store.seal(log)
    with pytest.raises(NotFound):
        store.prove(log, 0)
    with pytest.raises(Unavailable):
        store.check(log)
    with pytest.raises(Usage):
        LogStore(ORIGIN, LOG_KEY, [], 0)


def test_sealing_refuses_an_open_transaction_and_an_empty_log(log: sqlite3.Connection, store: LogStore) -> None:
    with pytest.raises(Usage):
        store.seal(log)
    log.execute("BEGIN")
    append(log, [NewEntry(type="a.b", payloads=())])
    with pytest.raises(Usage, match="open transaction"):
        store.seal(log)
    log.execute("COMMIT")
    assert store.seal(log) == store.seal(log)


@pytest.mark.requirement("R61")
def test_a_log_restored_from_an_old_backup_can_not_go_on(
    tmp_path: Path, log: sqlite3.Connection, store: LogStore
) -> None:
    add(log, 5)
    store.seal(log)
    log.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(tmp_path / "log.db", tmp_path / "backup.db")
    add(log, 5)
    store.seal(log)
    old = open_log(tmp_path / "backup.db")
    with pytest.raises(Refused, match="5 entries; what the witness has seen has 10"):
        store.check(old)
    add(old, 1, "other")
    with pytest.raises(Refused, match="the witness has seen 10"):
        store.seal(old)


def test_a_seal_lost_after_the_witness_signed_is_made_again(tmp_path: Path, log: sqlite3.Connection) -> None:
    witness = LocalWitness(tmp_path / "witness.db")
    add(log, 4)
    store = log_store(witness)
    note = sign_checkpoint(Checkpoint(origin=ORIGIN, size=4, root=tree_at(log, 4).root()), LOG_KEY)
    store._cosigned(note, 4, tree_at(log, 4))  # the answer of the witness never reaches the store
    assert store.latest(log) is None
    add(log, 4)
    assert open_checkpoint(log_store(witness).seal(log), LOG_VKEY).size == 8


@pytest.mark.requirement("R13")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_entry SET leaf = x'00'",
        "DELETE FROM log_entry",
        "REPLACE INTO log_entry VALUES (0, x'00', x'00')",
        "INSERT INTO log_entry VALUES (99, x'00', x'00')",
        "UPDATE log_tile SET hashes = x'00'",
        "DELETE FROM log_tile",
        "REPLACE INTO log_tile VALUES (0, 0, x'00', x'00')",
        "UPDATE log_checkpoint SET note = ''",
        "DELETE FROM log_checkpoint",
        "REPLACE INTO log_checkpoint VALUES (256, '')",
        "DELETE FROM log_payload",
        "UPDATE log_payload SET bytes = x'00'",
        "UPDATE log_payload SET bytes = NULL, erased = 'now'",
        "UPDATE log_payload SET name = 'x', bytes = NULL, salt = NULL, erased = 'now'",
        "REPLACE INTO log_payload SELECT commitment, salt, name, media, x'00', NULL FROM log_payload",
    ],
)
def test_the_database_refuses_to_change_rows_of_record(
    log: sqlite3.Connection, store: LogStore, statement: str
) -> None:
    add(log, 256)
    store.seal(log)
    with pytest.raises(sqlite3.IntegrityError, match="only added"):
        log.execute(statement)


@pytest.mark.requirement("R13")
def test_an_erased_payload_leaves_a_recorded_tombstone_and_a_verifiable_log(
    tmp_path: Path, log: sqlite3.Connection, store: LogStore
) -> None:
    secret = Payload(name="prompt", media="text/plain", content=b"a person's name")
    entry = NewEntry(type="proposal.sealed", payloads=(secret,))
    done = with_transaction(log, lambda: append(log, [entry]))[0]  # type: ignore[index]
    assert read_payload(log, done.commitments[0]) == (done.salts[0], b"a person's name")
    with_transaction(log, lambda: erase(log, done.commitments[0], at="2026-11-25T03:26:10Z", reason="asked for"))
    with pytest.raises(NotFound):
        read_payload(log, done.commitments[0])
    with pytest.raises(NotFound):
        erase(log, done.commitments[0], at="2026-11-25T03:26:10Z", reason="again")
    store.seal(log)
    export_log(log, tmp_path / "export")
    assert b"a person" not in (tmp_path / "export" / "payloads.jsonl").read_bytes()
    verified = verify_export(DirectoryExport(tmp_path / "export"), store.anchors)
    assert (verified.payloads, verified.erased) == (1, 1)


def test_a_given_salt_makes_the_given_commitment(log: sqlite3.Connection) -> None:
    payload = Payload(name="diff", media="text/x-diff", content=b"+x", salt=b"s" * 32)
    done = append(log, [NewEntry(type="a.b", payloads=(payload,)), NewEntry(type="c.d", payloads=(payload,))])
    assert done[0].commitments == done[1].commitments == (commitment(b"s" * 32, b"+x"),)
    assert decode_leaf(done[1].leaf).seq == 1


@pytest.mark.parametrize(
    "leaf",
    [
        b"",
        b"{}",
        b'{"commitments":[],"seq":0,"type":"a","v":2}',
        b'{"commitments":[],"seq":0,"type":"a","v":1} ',
        b'{"commitments":[],"seq":0,"type":"a","v":1,"w":1}',
        b'{"v":1,"commitments":[],"seq":0,"type":"a"}',
        b'{"commitments":[],"seq":0,"seq":0,"type":"a","v":1}',
        b'{"commitments":[],"seq":0,"type":"\\u0061","v":1}',
    ],
)
def test_only_the_canonical_spelling_of_a_leaf_is_read(leaf: bytes) -> None:
    good = b'{"commitments":[],"seq":0,"type":"a","v":1}'
    assert decode_leaves([good, good]) == [decode_leaf(good)] * 2
    with pytest.raises(Refused):
        decode_leaf(leaf)
    with pytest.raises(Refused):
        decode_leaves([good, leaf])


@pytest.mark.parametrize("cut", range(1, 88))
def test_two_leaves_cut_elsewhere_are_not_two_leaves(cut: int) -> None:
    both = b'{"commitments":[],"seq":0,"type":"a","v":1},{"commitments":[],"seq":1,"type":"a","v":1}'
    for pair in ([both[:cut], both[cut:]], [both[:cut], both[cut + 1 :]]):
        if pair == both.split(b"},{") or (pair[0].endswith(b"}") and pair[1].startswith(b"{")):
            continue
        with pytest.raises(Refused):
            decode_leaves(pair)


@pytest.mark.parametrize(
    "entry",
    [
        NewEntry(type="Bad Type", payloads=()),
        NewEntry(type="a", payloads=(Payload(name="x", media="", content=b""),) * 2),
        NewEntry(type="a", payloads=(Payload(name="x", media="", content=b"", salt=b"short"),)),
        NewEntry(type="a", payloads=tuple(Payload(name=f"p{n}", media="", content=b"") for n in range(700))),
    ],
)
def test_a_malformed_entry_is_not_appended(log: sqlite3.Connection, entry: NewEntry) -> None:
    with pytest.raises(Usage):
        with_transaction(log, lambda: append(log, [entry]))
    assert log_size(log) == 0
