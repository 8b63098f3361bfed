"""DSSE and SSHSIG: what is signed, and that OpenSSH agrees."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from world.wire_samples import fixed_key

from magistrate.errors import Refused
from magistrate.wire.envelope import (
    join_signatures,
    pre_authentication,
    sign_by_person,
    sign_by_process,
    verify_person_signature,
    verify_process_signature,
)
from magistrate.wire.sshsig import InMemorySshKey, armor, fingerprint, sign_sshsig, verify_sshsig

needs_ssh_keygen = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
KEYS: dict[str, Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey] = {
    "ed25519": fixed_key("a"),
    "ecdsa": ec.generate_private_key(ec.SECP256R1()),
    "rsa": rsa.generate_private_key(65537, 3072),
}


def test_the_dsse_example_of_the_specification() -> None:
    assert pre_authentication("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


@needs_ssh_keygen
@pytest.mark.parametrize("kind", sorted(KEYS))
def test_openssh_verifies_ours_and_we_verify_its(kind: str, tmp_path: Path) -> None:
    key = KEYS[kind]
    signer = InMemorySshKey(key)
    (tmp_path / "allowed").write_text(f"alice {signer.public_line}\n")
    (tmp_path / "ours.sig").write_text(armor(sign_sshsig(signer, "magistrate-approval-v1", b"message")))
    verify = [
        "ssh-keygen",
        "-Y",
        "verify",
        "-f",
        "allowed",
        "-I",
        "alice",
        "-n",
        "magistrate-approval-v1",
        "-s",
        "ours.sig",
    ]
    subprocess.run(verify, cwd=tmp_path, input=b"message", check=True, capture_output=True)

    private = tmp_path / "key"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    private.chmod(0o600)
    (tmp_path / "m").write_bytes(b"message")
    subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-f", "key", "-n", "space", "m"], cwd=tmp_path, check=True, capture_output=True
    )
    import base64

    lines = (tmp_path / "m.sig").read_text().splitlines()[1:-1]
    theirs = base64.b64decode("".join(lines))
    verify_sshsig(signer.public_line, "space", b"message", theirs)
    with pytest.raises(Refused):
        verify_sshsig(signer.public_line, "other", b"message", theirs)
    with pytest.raises(Refused):
        verify_sshsig(signer.public_line, "space", b"massage", theirs)
    assert fingerprint(signer.public_line).startswith("SHA256:")


def test_short_rsa_keys_are_refused() -> None:
    weak = InMemorySshKey(rsa.generate_private_key(65537, 2048))
    with pytest.raises(Refused, match="too short"):
        verify_sshsig(weak.public_line, "n", b"m", sign_sshsig(weak, "n", b"m"))


@pytest.mark.requirement("R44")
def test_a_signature_over_one_kind_is_not_valid_for_another() -> None:
    signer = InMemorySshKey(fixed_key("a"))
    envelope = sign_by_person("magistrate/rejection/v1", b"{}", signer)
    verify_person_signature(envelope, signer.public_line)
    with pytest.raises(Refused):
        verify_person_signature(
            msgspec.structs.replace(envelope, payloadType="magistrate/approval/v1"), signer.public_line
        )


def test_process_signatures_bind_key_type_and_payload() -> None:
    key = fixed_key("control")
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    other = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    envelope = sign_by_process("magistrate/warrant/v1", b"{}", key)
    verify_process_signature(envelope, public)
    for changed, by in (
        (envelope, other),
        (msgspec.structs.replace(envelope, payload="e30x"), public),
        (msgspec.structs.replace(envelope, payloadType="magistrate/decision/v1"), public),
        (msgspec.structs.replace(envelope, signatures=()), public),
        (msgspec.structs.replace(envelope, signatures=envelope.signatures * 2), public),
    ):
        with pytest.raises(Refused):
            verify_process_signature(changed, by)


def test_joining_needs_the_same_payload() -> None:
    a, b = InMemorySshKey(fixed_key("a")), InMemorySshKey(fixed_key("b"))
    joined = join_signatures(sign_by_person("t/x/v1", b"{}", a), sign_by_person("t/x/v1", b"{}", b))
    verify_person_signature(joined, a.public_line)
    verify_person_signature(joined, b.public_line)
    with pytest.raises(Refused):
        join_signatures(joined, sign_by_person("t/x/v1", b"[]", b))
