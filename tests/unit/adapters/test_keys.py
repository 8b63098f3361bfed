"""Keys of processes and people, against real OpenSSH files, ssh-keygen and a real ssh-agent."""

from __future__ import annotations

import os
import shutil
import subprocess
import time

import pytest

from magistrate.adapters.keys.agent import agent_key, agent_keys
from magistrate.adapters.keys.person import create_person_key, load_person_key
from magistrate.adapters.keys.process import create_process_key, load_process_key, public_text, write_new
from magistrate.errors import MagistrateError, NotFound, Refused, Unavailable, Usage
from magistrate.wire.sshsig import armor, fingerprint, sign_sshsig, verify_sshsig

NAMESPACE = "magistrate-approval-v1"
MESSAGE = b"what a person signs"
KINDS = [("ed25519", []), ("ecdsa", ["-b", "256"]), ("rsa", ["-b", "3072"])]


def generate(path, kind, extra=(), passphrase=""):
    argv = ["ssh-keygen", "-q", "-t", kind, *extra, "-N", passphrase, "-C", "fake@example.invalid", "-f", str(path)]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)
    return path


@pytest.fixture
def agent(tmp_path):
    """A real ssh-agent of our own; its socket."""
    socket = tmp_path / "agent.sock"
    running = subprocess.Popen(
        ["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for _ in range(500):
        if socket.exists():
            break
        time.sleep(0.01)
    yield str(socket)
    running.terminate()
    running.wait(10)


def add(agent, path):
    subprocess.run(["ssh-add", "-q", str(path)], check=True, env={**os.environ, "SSH_AUTH_SOCK": agent})


def verify_with_openssh(tmp_path, public_line, signature):
    (tmp_path / "allowed").write_text(f"anna {public_line}\n")
    (tmp_path / "sig").write_text(armor(signature))
    return subprocess.run(
        ["ssh-keygen", "-Y", "verify", "-f", tmp_path / "allowed", "-I", "anna", "-n", NAMESPACE, "-s", tmp_path / "sig"],
        input=MESSAGE, capture_output=True, check=False,
    ).returncode  # fmt: skip


@pytest.mark.parametrize(("kind", "extra"), KINDS)
def test_a_key_file_signs_what_openssh_accepts(tmp_path, kind, extra):
    signer = load_person_key(generate(tmp_path / "key", kind, extra))
    signature = sign_sshsig(signer, NAMESPACE, MESSAGE)
    assert verify_with_openssh(tmp_path, signer.public_line, signature) == 0
    verify_sshsig(signer.public_line, NAMESPACE, MESSAGE, signature)


@pytest.mark.parametrize(("kind", "extra"), KINDS)
def test_a_real_agent_signs_what_openssh_accepts(tmp_path, agent, kind, extra):
    path = generate(tmp_path / "key", kind, extra)
    add(agent, path)
    (key,) = agent_keys(agent)
    assert key.public_line == " ".join((tmp_path / "key.pub").read_text().split()[:2])
    signature = sign_sshsig(key, NAMESPACE, MESSAGE)
    assert verify_with_openssh(tmp_path, key.public_line, signature) == 0
    verify_sshsig(key.public_line, NAMESPACE, MESSAGE, signature)
    with pytest.raises(MagistrateError):
        verify_sshsig(key.public_line, "magistrate-rejection-v1", MESSAGE, signature)


def test_the_agent_is_asked_for_the_persons_own_key(tmp_path, agent):
    for name in ("one", "two"):
        add(agent, generate(tmp_path / name, "ed25519"))
    wanted = fingerprint((tmp_path / "two.pub").read_text())
    assert fingerprint(agent_key(agent, frozenset({wanted})).public_line) == wanted
    with pytest.raises(NotFound) as caught:
        agent_key(agent, frozenset({"SHA256:nobody"}))
    assert caught.value.code == "MAG-E594"


@pytest.mark.parametrize("socket", ["", "/nonexistent/agent.sock"])
def test_no_agent_is_said(socket):
    with pytest.raises(Unavailable) as caught:
        agent_keys(socket)
    assert caught.value.code == "MAG-E598"


@pytest.mark.parametrize(("typed", "opens"), [("plainly fake", True), ("wrong", False)])
def test_the_passphrase_of_an_encrypted_key_is_asked_by_openssh(tmp_path, monkeypatch, typed, opens):
    path = generate(tmp_path / "key", "ed25519", passphrase="plainly fake")
    (tmp_path / "ask").write_text(
        f"#!/bin/sh\n[ ! -e {tmp_path}/asked ] || exit 1\ntouch {tmp_path}/asked\necho '{typed}'\n"
    )
    (tmp_path / "ask").chmod(0o700)
    monkeypatch.setenv("SSH_ASKPASS", str(tmp_path / "ask"))
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    if not opens:
        with pytest.raises(Refused) as caught:
            load_person_key(path)
        assert caught.value.code == "MAG-E596"
        return
    signer = load_person_key(path)
    assert (tmp_path / "asked").exists()
    verify_sshsig(signer.public_line, NAMESPACE, MESSAGE, sign_sshsig(signer, NAMESPACE, MESSAGE))


@pytest.mark.parametrize(("kind", "extra"), [("rsa", ["-b", "2048"]), ("ecdsa", ["-b", "384"])])
def test_a_weak_or_odd_key_is_refused(tmp_path, kind, extra):
    with pytest.raises(Refused) as caught:
        load_person_key(generate(tmp_path / "key", kind, extra))
    assert caught.value.code == "MAG-E596"


def test_a_public_key_is_not_taken_for_a_private_one(tmp_path):
    generate(tmp_path / "key", "ed25519")
    (tmp_path / "key.pub").chmod(0o600)
    with pytest.raises(Refused) as caught:
        load_person_key(tmp_path / "key.pub")
    assert caught.value.code == "MAG-E596"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620])
def test_a_key_that_others_can_read_is_refused(tmp_path, mode):
    create_process_key(tmp_path / "process.key")
    create_person_key(tmp_path / "person", "fake")
    for name, load in (("process.key", load_process_key), ("person", load_person_key)):
        (tmp_path / name).chmod(mode)
        with pytest.raises(Refused) as caught:
            load(tmp_path / name)
        assert caught.value.code == "MAG-E595"


def test_a_made_key_is_private_from_the_first_moment_and_never_replaces_another(tmp_path):
    path = tmp_path / "process.key"
    old = os.umask(0)
    try:
        key = create_process_key(path)
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o600
    assert public_text(load_process_key(path)) == public_text(key)
    with pytest.raises(Usage) as caught:
        create_process_key(path)
    assert caught.value.code == "MAG-E593"
    assert public_text(load_process_key(path)) == public_text(key)


def test_nothing_is_written_through_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises((Usage, OSError)):
        write_new(tmp_path / "link", b"secret")
    assert not (tmp_path / "elsewhere").exists()


def test_a_process_key_of_another_kind_is_refused(tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    subprocess.run(["openssl", "genrsa", "-out", tmp_path / "rsa.key", "2048"], check=True, capture_output=True)
    (tmp_path / "rsa.key").chmod(0o600)
    with pytest.raises(Refused) as caught:
        load_process_key(tmp_path / "rsa.key")
    assert caught.value.code == "MAG-E596"
