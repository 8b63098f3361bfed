"""Figures of the log, as ratios within one run: appends, verification, append and witness.

Run: `python bench/bench_log.py`. Load on the machine changes the absolute figures, not the ratios.
"""

import hashlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from magistrate.adapters.stores.log import LogStore, NewEntry, Payload, append
from magistrate.adapters.stores.log_schema import create_tables
from magistrate.adapters.witness import WitnessClient
from magistrate.bootstrap.witness import witness_toml
from magistrate.ledger.cosign import witness_key
from magistrate.ledger.leaf import Commitment, encode_leaf
from magistrate.ledger.merkle import leaf_hash, root_of
from magistrate.ledger.note import verifier_key
from magistrate.ledger.verify import verify_leaves

ORIGIN, NAME = "magistrate/bench", "witness.bench/w1"
PAYLOAD = b"x" * 400
MEASURES = (
    "src/magistrate/ledger/**/*.py",
    "src/magistrate/adapters/stores/log.py",
    "src/magistrate/adapters/stores/log_schema.py",
)


def main() -> dict[str, Any]:
    """Every figure; `*_ratio` are the ones with an aim."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        return {**_appends(home), **_verification(), **_witnessed(home), "load": os.getloadavg()[0]}


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def _entry() -> NewEntry:
    payload = Payload(name="body", media="application/json", content=PAYLOAD)
    return NewEntry(type="approval.given", payloads=(payload,))


def _appends(home: Path, rounds: int = 40, each: int = 50) -> dict[str, Any]:
    """Alternating blocks: our append against the same bytes in one plain row, a commit each."""
    log, raw = _open(home / "append.db"), _open(home / "raw.db")
    create_tables(log)
    raw.execute("CREATE TABLE row (seq INTEGER PRIMARY KEY, body BLOB NOT NULL)")
    spent = {"log": 0.0, "raw": 0.0}

    def ours() -> None:
        log.execute("BEGIN IMMEDIATE")
        append(log, [_entry()])
        log.execute("COMMIT")

    def theirs() -> None:
        raw.execute("BEGIN IMMEDIATE")
        raw.execute("INSERT INTO row (body) VALUES (?)", (os.urandom(750),))
        raw.execute("COMMIT")

    for turn in range(rounds):
        pair = [("log", ours), ("raw", theirs)]
        for name, step in pair if turn % 2 else reversed(pair):
            start = time.perf_counter()
            for _ in range(each):
                step()
            spent[name] += time.perf_counter() - start
    return {
        "append_per_s": round(rounds * each / spent["log"]),
        "raw_sqlite_per_s": round(rounds * each / spent["raw"]),
        "append_ratio": round(spent["raw"] / spent["log"], 3),
        "append_n": rounds * each,
    }


def _verification(count: int = 50_000) -> dict[str, Any]:
    """Reading and hashing every leaf and the tree, against hashlib for the same bytes alone."""
    item = "sha256:" + "0" * 64
    named = [Commitment(name=f"part{number}", commitment=item) for number in range(4)]
    leaves = [encode_leaf("approval.given", seq, named) for seq in range(count)]
    limits: list[float] = []
    hashing: list[float] = []
    full: list[float] = []
    sha256 = hashlib.sha256
    for _ in range(3):
        start = time.perf_counter()
        for leaf in leaves:
            sha256(leaf).digest()
        node = b"n" * 65
        for _ in range(count):
            sha256(node).digest()
        limits.append(time.perf_counter() - start)
        start = time.perf_counter()
        root_of([leaf_hash(leaf) for leaf in leaves])
        hashing.append(time.perf_counter() - start)
        start = time.perf_counter()
        hashes: list[bytes] = []
        for first in range(0, count, 256):
            hashes += verify_leaves(leaves[first : first + 256], first)[0]
        root_of(hashes)
        full.append(time.perf_counter() - start)
    return {
        "verify_leaf_bytes": len(leaves[-1]),
        "verify_leaves_per_s": round(count / min(full)),
        "verify_tree_ratio": round(min(limits) / min(hashing), 3),
        "verify_full_ratio": round(min(limits) / min(full), 3),
        "verify_n": count,
    }


def _witnessed(home: Path, count: int = 150) -> dict[str, Any]:
    """Append, seal and have it cosigned by a witness process over loopback."""
    log_key, key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (home / "keys").mkdir()
    (home / "witness").mkdir()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (home / "keys" / "witness.key").write_bytes(pem)
    settings = witness_toml(name=NAME, port=port, logs=(verifier_key(ORIGIN, log_key).encode(),))
    (home / "witness" / "witness.toml").write_text(settings)
    process = subprocess.Popen([sys.executable, "-m", "magistrate.entrypoints.witness.server", str(home)])
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(200):
            try:
                httpx.get(f"{url}/x/checkpoint", trust_env=False)
                break
            except httpx.HTTPError:
                time.sleep(0.05)
        store = LogStore(ORIGIN, log_key, [WitnessClient(url, witness_key(NAME, key).encode())], 1)
        log = _open(home / "sealed.db")
        create_tables(log)
        times: list[float] = []
        for _ in range(count):
            start = time.perf_counter()
            log.execute("BEGIN IMMEDIATE")
            append(log, [_entry()])
            log.execute("COMMIT")
            store.seal(log)
            times.append((time.perf_counter() - start) * 1000)
    finally:
        process.terminate()
        process.wait()
    times.sort()
    return {
        "append_and_witness_p50_ms": round(times[count // 2], 2),
        "append_and_witness_p99_ms": round(times[int(count * 0.99)], 2),
        "append_and_witness_n": count,
    }


if __name__ == "__main__":
    print(json.dumps(main(), indent=2))
