"""Random trees: every proof verifies, every mutation of one does not, tiles agree with memory."""

import hashlib
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.adapters.stores.log import NewEntry, append, tree_at
from magistrate.adapters.stores.log_schema import create_tables
from magistrate.errors import Refused
from magistrate.ledger.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
    subtree_of,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [hashlib.sha256(str(number).encode()).digest() for number in range(1200)]
SIZES = st.integers(1, 1200)


@given(st.data(), SIZES)
@settings(max_examples=150, deadline=None)
def test_inclusion_proofs_verify_and_their_mutations_do_not(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    root, path = root_of(LEAVES[:size]), inclusion_proof(index, size, subtree_of(LEAVES[:size]))
    verify_inclusion(LEAVES[index], index, size, path, root)
    other = data.draw(st.integers(0, size - 1).filter(lambda value: value != index)) if size > 1 else size
    wrong = [(index, size, [*path, root]), (other, size, path), (-1, size, path), (index, size, [b"x", *path])]
    if path:
        step = data.draw(st.integers(0, len(path) - 1))
        wrong += [(index, size, path[:-1]), (index, size, [*path[:step], LEAVES[-1], *path[step + 1 :]])]
    for at, of, proof in wrong:
        with pytest.raises(Refused):
            verify_inclusion(LEAVES[index], at, of, proof, root)


@given(st.data(), SIZES)
@settings(max_examples=150, deadline=None)
def test_consistency_proofs_verify_and_forged_histories_do_not(data: st.DataObject, size: int) -> None:
    old = data.draw(st.integers(0, size))
    old_root, root = root_of(LEAVES[:old]), root_of(LEAVES[:size])
    path = consistency_proof(old, size, subtree_of(LEAVES[:size]))
    verify_consistency(old, size, old_root, root, path)
    forged = list(LEAVES[:size])
    forged[data.draw(st.integers(0, max(old - 1, 0)))] = b"\0" * 32
    wrong = [(root, [*path, root])]
    if old:
        wrong.append((b"\0" * 32, path))
        wrong.append((root_of(forged), consistency_proof(old, size, subtree_of(forged))))
    for new_root, proof in wrong:
        with pytest.raises(Refused):
            verify_consistency(old, size, old_root, new_root, proof)


@given(st.lists(st.integers(1, 300), min_size=1, max_size=5))
@settings(max_examples=15, deadline=None)
def test_the_stored_log_and_the_tree_in_memory_agree_at_every_size(batches: list[int]) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create_tables(connection)
    hashes: list[bytes] = []
    for batch in batches:
        done = append(connection, [NewEntry(type="a.b", payloads=())] * batch)
        hashes += [leaf_hash(item.leaf) for item in done]
    for size in {1, len(hashes) // 2 or 1, len(hashes)}:
        tree = tree_at(connection, size)
        assert tree.root() == root_of(hashes[:size])
        for index in {0, size // 2, size - 1}:
            assert inclusion_proof(index, size, tree.subtree) == inclusion_proof(index, size, subtree_of(hashes[:size]))
            assert consistency_proof(index, size, tree.subtree) == consistency_proof(
                index, size, subtree_of(hashes[:size])
            )
    connection.close()
