"""The witness as its own process over loopback: standard answers, kill -9, rollback, forgery."""

import hashlib
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from world.ledger import LOG_KEY, LOG_VKEY, ORIGIN, WITNESS_KEY, WITNESS_NAME, WITNESS_VKEY, add, open_log

from magistrate.adapters.stores.log import LogStore, tree_at
from magistrate.adapters.witness import WitnessClient
from magistrate.bootstrap.witness import load_config, witness_toml
from magistrate.errors import Refused, Unavailable, Usage
from magistrate.ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from magistrate.ledger.merkle import consistency_proof
from magistrate.ledger.submission import format_submission

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R61", "R62")]


class WitnessProcess:
    """`python -m magistrate.entrypoints.witness.server` on a free port."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        (home / "keys").mkdir(parents=True)
        (home / "witness").mkdir()
        pem = WITNESS_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (home / "keys" / "witness.key").write_bytes(pem)
        text = witness_toml(name=WITNESS_NAME, port=self.port, logs=(LOG_VKEY.encode(),))
        (home / "witness" / "witness.toml").write_text(text)
        self.home = home
        self.clients: list[WitnessClient] = []
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "magistrate.entrypoints.witness.server", str(self.home)]
        self.process = subprocess.Popen(command)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                httpx.get(f"{self.url}/x/checkpoint", trust_env=False)
            except httpx.HTTPError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the witness does not start")

    def client(self, vkey: str = WITNESS_VKEY.encode()) -> WitnessClient:
        self.clients.append(WitnessClient(self.url, vkey))
        return self.clients[-1]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def post(self, body: bytes) -> httpx.Response:
        return httpx.post(f"{self.url}/add-checkpoint", content=body, trust_env=False)


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[WitnessProcess]:
    process = WitnessProcess(tmp_path / "home")
    yield process
    process.kill()
    for client in process.clients:
        client.close()


def _store(witness: WitnessProcess) -> LogStore:
    return LogStore(ORIGIN, LOG_KEY, [witness.client()], 1)


def _note(size: int, root: bytes, key: Ed25519PrivateKey = LOG_KEY, origin: str = ORIGIN) -> str:
    return sign_checkpoint(Checkpoint(origin=origin, size=size, root=root), key)


def test_it_seals_and_remembers_through_kill_and_restart(witness: WitnessProcess, tmp_path: Path) -> None:
    log = open_log(tmp_path / "log.db")
    store = _store(witness)
    add(log, 300)
    sealed = open_checkpoint(store.seal(log), LOG_VKEY)
    witness.kill()
    add(log, 1)
    with pytest.raises(Unavailable):
        store.seal(log)
    witness.start()
    seen = witness.client().latest(ORIGIN)
    assert seen is not None
    assert open_checkpoint(seen, LOG_VKEY) == sealed
    assert open_checkpoint(store.seal(log), LOG_VKEY).size == 301
    store.check(log)
    _store(witness).check(log)


def test_a_log_set_back_meets_409_and_its_size(witness: WitnessProcess, tmp_path: Path) -> None:
    log = open_log(tmp_path / "log.db")
    add(log, 5)
    _store(witness).seal(log)
    log.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(tmp_path / "log.db", tmp_path / "old.db")
    add(log, 5)
    _store(witness).seal(log)
    old = open_log(tmp_path / "old.db")
    answer = witness.post(format_submission(5, [], _note(5, tree_at(old, 5).root())))
    assert (answer.status_code, answer.text) == (409, "10\n")
    assert answer.headers["content-type"].startswith("text/x.tlog.size")
    add(old, 1)
    for act in (_store(witness).seal, _store(witness).check):
        with pytest.raises(Refused) as caught:
            act(old)
        assert caught.value.code == "MAG-E209"


def test_a_forged_history_meets_422_and_a_fork_409(witness: WitnessProcess, tmp_path: Path) -> None:
    log, forged = open_log(tmp_path / "log.db"), open_log(tmp_path / "forged.db")
    add(log, 6)
    _store(witness).seal(log)
    add(forged, 9, "forged")
    tree = tree_at(forged, 9)
    proof = consistency_proof(6, 9, tree.subtree)
    assert witness.post(format_submission(6, proof, _note(9, tree.root()))).status_code == 422
    assert witness.post(format_submission(6, [], _note(6, tree_at(forged, 6).root()))).status_code == 409
    with pytest.raises(Refused) as caught:
        _store(witness).seal(forged)
    assert caught.value.code == "MAG-E222"


def test_the_statuses_of_the_standard(witness: WitnessProcess) -> None:
    root = hashlib.sha256(b"x").digest()
    stranger = Ed25519PrivateKey.from_private_bytes(b"S" * 32)
    good = _note(1, root)
    assert witness.post(b"").status_code == 400
    assert witness.post(b"old 00\n\n" + good.encode()).status_code == 400
    assert witness.post(b"old 0\nAAAA\n\n" + good.encode()).status_code == 400
    assert witness.post(format_submission(2, [], good)).status_code == 400
    assert witness.post(format_submission(0, [], _note(1, root, stranger, "other.test/log"))).status_code == 404
    assert witness.post(format_submission(0, [], _note(1, root, stranger))).status_code == 403
    assert witness.post(format_submission(1, [], good)).status_code == 409
    assert witness.post(format_submission(0, [root], good)).status_code == 422
    assert witness.post(b"x" * 70_000).status_code == 413
    monitor = f"{witness.url}/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
    assert httpx.get(monitor, trust_env=False).status_code == 404
    assert witness.post(format_submission(0, [], good)).status_code == 200
    assert httpx.get(monitor, trust_env=False).text.startswith(f"{ORIGIN}\n1\n")
    assert httpx.get(f"{witness.url}/add-checkpoint", trust_env=False).status_code == 405


def test_another_witness_than_the_pinned_one_is_refused(witness: WitnessProcess, tmp_path: Path) -> None:
    other = WITNESS_VKEY.__class__(name=WITNESS_NAME, algorithm=4, public=b"\1" * 32).encode()
    store = LogStore(ORIGIN, LOG_KEY, [witness.client(other)], 1)
    log = open_log(tmp_path / "log.db")
    add(log, 1)
    with pytest.raises(Refused):
        store.seal(log)
    with pytest.raises(Usage):
        load_config(tmp_path / "absent.toml")
