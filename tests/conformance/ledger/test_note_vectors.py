"""Signed notes of golang.org/x/mod/sumdb/note (BSD-3-Clause example key), and an independent
verifier of checkpoints, cosignatures and tlog-proofs: `proofbundle`."""

import base64
from pathlib import Path

import proofbundle
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from proofbundle.checkpoint import verify_checkpoint, verify_cosignature
from world.ledger import LOG_VKEY, WITNESS_VKEY, LocalWitness, add, log_store, open_log

from magistrate.adapters.stores.log import read_leaf
from magistrate.errors import Refused, Usage
from magistrate.ledger.note import open_note, parse_vkey, sign_note, verifier_key
from magistrate.ledger.tiles import tile_path

VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = (
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_the_reference_note_is_written_byte_for_byte() -> None:
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    assert verifier_key("PeterNeumann", key).encode() == VKEY
    assert sign_note(TEXT, "PeterNeumann", key) == f"{TEXT}\n{SIGNATURE}"


def test_the_reference_note_opens_and_its_mutations_do_not() -> None:
    note = f"{TEXT}\n{SIGNATURE}"
    key = parse_vkey(VKEY)
    assert open_note(note, key) == TEXT
    for wrong in (
        note.replace("cryptography", "cryptographY"),
        note[:-1],
        TEXT,
        note.replace("PeterNeumann x", "EnochRoot x"),
        note.replace("x08go", "x08gp"),
        note.replace("\u2014", "-"),
        note + "\u2014 other !!!\n",
        note.replace("problem,", "problem,\r"),
    ):
        with pytest.raises(Refused):
            open_note(wrong, key)


@pytest.mark.parametrize(
    "text",
    ["", "a+b", VKEY + "x", VKEY.replace("c74f", "C74F"), VKEY.replace("c74f20a3", "c74f20a4"), "a b+00000000+AQ=="],
)
def test_malformed_verifier_keys_are_refused(text: str) -> None:
    with pytest.raises((Usage, Refused)):
        parse_vkey(text)


def test_tile_paths_of_the_standard() -> None:
    assert tile_path(0, 1_234_067) == "tile/0/x001/x234/067"
    assert tile_path("entries", 0, 5) == "tile/entries/000.p/5"


@pytest.mark.requirement("R61")
def test_an_independent_verifier_accepts_our_proofs_and_refuses_changed_ones(tmp_path: Path) -> None:
    log = open_log(tmp_path / "log.db")
    store = log_store(LocalWitness(tmp_path / "witness.db"))
    for count in (3, 300, 7):
        add(log, count)
        note = store.seal(log)
    assert verify_checkpoint(note, LOG_VKEY.encode())["ok"]
    assert verify_cosignature(note, WITNESS_VKEY.encode())["ok"]
    for seq in (0, 2, 255, 256, 300, 309):
        text, leaf = store.prove(log, seq), read_leaf(log, seq)
        good = proofbundle.verify_tlog_proof(text, leaf, LOG_VKEY.encode(), [WITNESS_VKEY.encode()], threshold=1)
        assert good["ok"], good
        bad = proofbundle.verify_tlog_proof(text, leaf + b" ", LOG_VKEY.encode(), [WITNESS_VKEY.encode()], threshold=1)
        assert not bad["ok"]
