"""R61: eight ways to tamper with the log; the offline verifier, with the last witnessed checkpoint
and public keys only, must catch each. The attacker owns database and log key, not the witness."""

import re
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
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
from magistrate.adapters.stores.log import append, read_leaf
from magistrate.errors import MagistrateError, Refused
from magistrate.ledger.checkpoint import Checkpoint, sign_checkpoint
from magistrate.ledger.merkle import leaf_hash, root_of
from magistrate.ledger.verify import Anchors, VerifiedLog, verify_export

ANCHORS = Anchors(log=LOG_VKEY.encode(), witnesses=(WITNESS_VKEY.encode(),), quorum=1)
SIZE = 300


@dataclass
class Scene:
    folder: Path
    log: sqlite3.Connection
    witness: LocalWitness
    earlier: str
    witnessed: str

    def verify(self, name: str = "export") -> VerifiedLog:
        return verify_export(DirectoryExport(self.folder / name), ANCHORS, self.witnessed)

    def export(self) -> None:
        shutil.rmtree(self.folder / "export", ignore_errors=True)
        export_log(self.log, self.folder / "export")

    def write(self, statement: str, *values: object) -> None:
        """As the administrator of the database: triggers dropped first."""
        for (name,) in self.log.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            self.log.execute(f"DROP TRIGGER {name}")
        self.log.execute(statement, values)

    def leaves(self) -> list[bytes]:
        return [row[0] for row in self.log.execute("SELECT leaf FROM log_entry ORDER BY seq")]

    def rebuild(self, leaves: list[bytes], *, sign: bool) -> None:
        """A whole new log with all hashes right; signed with the stolen log key if asked."""
        self.write("DELETE FROM log_entry")
        self.write("DELETE FROM log_tile")
        for seq, leaf in enumerate(leaves):
            self.write("INSERT INTO log_entry VALUES (?, ?, ?)", seq, leaf, leaf_hash(leaf))
        hashes = [leaf_hash(leaf) for leaf in leaves]
        for n in range(len(leaves) // 256):
            tile = hashes[n * 256 : (n + 1) * 256]
            self.write("INSERT INTO log_tile VALUES (0, ?, ?, ?)", n, b"".join(tile), root_of(tile))
        if sign:
            note = sign_checkpoint(Checkpoint(origin=ORIGIN, size=len(leaves), root=root_of(hashes)), LOG_KEY)
            self.write("DELETE FROM log_checkpoint")
            self.write("INSERT INTO log_checkpoint VALUES (?, ?)", len(leaves), note)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    log, witness = open_log(tmp_path / "log.db"), LocalWitness(tmp_path / "witness.db")
    store = log_store(witness)
    add(log, SIZE - 20)
    earlier = store.seal(log)
    add(log, 20, "later")
    return Scene(folder=tmp_path, log=log, witness=witness, earlier=earlier, witnessed=store.seal(log))


def test_the_untouched_log_verifies(scene: Scene) -> None:
    scene.export()
    assert scene.verify().checkpoint.size == SIZE


def edit(scene: Scene) -> None:
    leaf = read_leaf(scene.log, 100).replace(b"finding.ingested", b"approval.given")
    scene.write("UPDATE log_entry SET leaf = ? WHERE seq = 100", leaf)


def delete(scene: Scene) -> None:
    leaves = scene.leaves()
    scene.rebuild(leaves[:100] + leaves[101:] + leaves[-1:], sign=False)


def insert(scene: Scene) -> None:
    leaves = scene.leaves()
    scene.rebuild([*leaves[:100], leaves[100], *leaves[100:-1]], sign=False)


def reorder(scene: Scene) -> None:
    leaves = scene.leaves()
    leaves[10], leaves[11] = leaves[11], leaves[10]
    scene.rebuild(leaves, sign=False)


def truncate(scene: Scene) -> None:
    """The tail is cut back to an earlier checkpoint, itself signed and cosigned."""
    scene.write("DELETE FROM log_checkpoint WHERE size > ?", SIZE - 20)
    scene.write("DELETE FROM log_entry WHERE seq >= ?", SIZE - 20)


def rewrite(scene: Scene) -> None:
    """All of history again, consistent in itself, cosigned by a witness that starts anew."""
    other = open_log(scene.folder / "other.db")
    fresh = LocalWitness(scene.folder / "fresh-witness.db")
    add(other, SIZE + 5, "invented")
    log_store(fresh).seal(other)
    scene.log = other


def fork(scene: Scene) -> None:
    """Same beginning as at the earlier checkpoint, another story after it."""
    other = open_log(scene.folder / "fork.db")
    scene.log.execute("ATTACH ? AS fork", (str(scene.folder / "fork.db"),))
    for table, limit in (("log_entry", f"seq < {SIZE - 20}"), ("log_payload", "1"), ("log_tile", "1")):
        scene.log.execute(f"INSERT INTO fork.{table} SELECT * FROM main.{table} WHERE {limit}")  # noqa: S608  plain words of this file
    scene.log.execute("DETACH fork")
    add(other, 40, "another story")
    log_store(LocalWitness(scene.folder / "fork-witness.db")).seal(other)
    other.execute("PRAGMA writable_schema=OFF")
    scene.log = other


def swap_checkpoint(scene: Scene) -> None:
    """The newest checkpoint is replaced by the (valid, cosigned) one of another log of the same key."""
    other = open_log(scene.folder / "swap.db")
    add(other, SIZE, "elsewhere")
    note = log_store(LocalWitness(scene.folder / "swap-witness.db")).seal(other)
    scene.write("UPDATE log_checkpoint SET note = ? WHERE size = ?", note, SIZE)


ATTACKS: list[tuple[Callable[[Scene], None], str]] = [
    (edit, "MAG-E207"),
    (delete, "MAG-E207"),
    (insert, "MAG-E207"),
    (reorder, "MAG-E207"),
    (truncate, "MAG-E209"),
    (rewrite, "MAG-E210"),
    (fork, "MAG-E210"),
    (swap_checkpoint, "MAG-E208"),
]


@pytest.mark.requirement("R61")
@pytest.mark.parametrize(("attack", "code"), ATTACKS, ids=[attack.__name__ for attack, _ in ATTACKS])
def test_each_kind_of_tampering_is_caught_offline(scene: Scene, attack: Callable[[Scene], None], code: str) -> None:
    attack(scene)
    if attack is fork:  # payloads of the cut tail must not be what gives it away
        scene.log.execute("DROP TRIGGER log_payload_no_delete")
    scene.export()
    with pytest.raises(Refused) as caught:
        scene.verify()
    assert caught.value.code == code


@pytest.mark.requirement("R61")
def test_truncation_to_a_cosigned_checkpoint_is_seen_only_by_the_witnessed_one(scene: Scene) -> None:
    truncate(scene)
    scene.export()
    verify_export(DirectoryExport(scene.folder / "export"), ANCHORS, scene.earlier)
    with pytest.raises(Refused, match="ends at 280"):
        scene.verify()


@pytest.mark.requirement("R61")
def test_an_edit_with_every_hash_recomputed_and_the_log_key_is_not_witnessed(scene: Scene) -> None:
    leaves = scene.leaves()
    leaves[100] = leaves[100].replace(b"finding.ingested", b"approval.given")
    scene.rebuild(leaves, sign=True)
    scene.export()
    with pytest.raises(Refused) as caught:
        scene.verify()
    assert caught.value.code == "MAG-E203"
    add(scene.log, 1)
    scene.write("DELETE FROM log_checkpoint")
    with pytest.raises(Refused) as refused:
        log_store(scene.witness).seal(scene.log)
    assert refused.value.code == "MAG-E222"


@pytest.mark.requirement("R61")
@pytest.mark.parametrize("attack", [edit, delete, insert, reorder, truncate, rewrite, swap_checkpoint])
def test_the_check_at_start_refuses_a_tampered_log(scene: Scene, attack: Callable[[Scene], None]) -> None:
    log_store(scene.witness).check(scene.log)
    attack(scene)
    with pytest.raises(MagistrateError):
        log_store(scene.witness).check(scene.log)


ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def spare_bits(line: bytes) -> bytes:
    """Another base64 of the same bytes, where one ends in spare bits."""
    return re.sub(rb'.(?==+")', lambda last: ALPHABET[(at := ALPHABET.index(last[0])) + 1 : at + 2], line, count=1)


@pytest.mark.requirement("R61")
@pytest.mark.parametrize(
    "respelled",
    [
        spare_bits,
        lambda line: line.replace(b'{"', b'{ "', 1),
        lambda line: line.replace(b'{"', b'{"name":"other","', 1),
    ],
    ids=["spare bits of base64", "a space", "a second name"],
)
def test_an_exported_payload_has_one_spelling(scene: Scene, respelled) -> None:
    scene.export()
    place = scene.folder / "export" / "payloads.jsonl"
    lines = place.read_bytes().splitlines(keepends=True)
    other = [respelled(line) for line in lines]
    at = next(at for at, line in enumerate(other) if line != lines[at])
    lines[at] = other[at]
    place.write_bytes(b"".join(lines))
    with pytest.raises(Refused, match="spelled") as caught:
        scene.verify()
    assert caught.value.code == "MAG-E214"


@pytest.mark.requirement("R61", "R13")
def test_a_changed_or_missing_payload_is_caught(scene: Scene) -> None:
    item = scene.log.execute("SELECT commitment FROM log_payload LIMIT 1").fetchone()[0]
    scene.write("UPDATE log_payload SET bytes = ? WHERE commitment = ?", b"changed", item)
    scene.export()
    with pytest.raises(Refused) as caught:
        scene.verify()
    assert caught.value.code == "MAG-E211"
    scene.write("UPDATE log_payload SET bytes = NULL, salt = NULL, erased = 'x' WHERE commitment = ?", item)
    scene.export()
    with pytest.raises(Refused, match="without a recorded erasure"):
        scene.verify()
    scene.write("DELETE FROM log_payload WHERE commitment = ?", item)
    scene.export()
    with pytest.raises(Refused, match="missing"):
        scene.verify()


def test_a_leaf_bound_for_another_place_is_not_appended_silently(scene: Scene) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        scene.log.execute("INSERT INTO log_entry VALUES (?, ?, ?)", (SIZE + 1, b"x", b"y"))
    assert with_transaction(scene.log, lambda: append(scene.log, [])) == []
