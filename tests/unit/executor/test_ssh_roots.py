"""The files of the SSH broker: the CA key is for one user alone, a list is replaced whole."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from magistrate.errors import Refused, Unavailable
from magistrate.executor.credentials.ssh_certificate import _authority
from magistrate.executor.credentials.ssh_login import HeldKey, in_memory
from magistrate.executor.credentials.ssh_revocations import RevocationFile


def refusal(path):
    with pytest.raises(Refused) as caught:
        _authority(path)
    assert caught.value.code == "MAG-E420"
    return caught.value.diagnostics()


@pytest.mark.requirement("R50")
def test_the_ca_key_is_a_file_of_this_user_alone(tmp_path):
    key = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    text = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    path = tmp_path / "ca"
    path.write_bytes(text)
    path.chmod(0o600)
    assert _authority(path).private_bytes_raw() == b"k" * 32
    for mode in (0o640, 0o604, 0o660, 0o644):
        path.chmod(mode)
        assert "this user alone" in refusal(path)
    path.chmod(0o600)
    (tmp_path / "link").symlink_to(path)
    refusal(tmp_path / "link")
    refusal(tmp_path / "absent")
    refusal(tmp_path)
    path.write_bytes(text.replace(b"A", b"B"))
    said = refusal(path)
    assert text.decode().splitlines()[1][:12] not in said
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", tmp_path / "other"], check=True)
    assert "not of the kind" in refusal(tmp_path / "other")


@pytest.mark.requirement("R53")
def test_a_list_replaces_the_old_one_whole_or_not_at_all(tmp_path):
    path = tmp_path / "revoked"
    RevocationFile(path=path).deliver(b"first")
    (path.parent / "kept").hardlink_to(path)
    RevocationFile(path=path).deliver(b"second")
    assert (path.read_bytes(), (tmp_path / "kept").read_bytes()) == (b"second", b"first"), "never written in place"
    assert oct(path.stat().st_mode)[-3:] == "644"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["kept", "revoked"]
    with pytest.raises(Unavailable) as caught:
        RevocationFile(path=tmp_path / "absent/revoked").deliver(b"third")
    assert caught.value.code == "MAG-E421"


@pytest.mark.requirement("R50")
def test_a_key_in_memory_has_a_path_for_this_user_alone_and_only_for_a_while():
    with in_memory(b"plainly fake") as path:
        assert Path(path).read_bytes() == b"plainly fake"
        assert oct(Path(path).stat().st_mode)[-3:] == "600"
        assert "memfd:" in str(Path(path).readlink())
    assert not Path(path).exists()


@pytest.mark.requirement("R52")
def test_a_token_that_is_no_key_with_a_certificate_is_refused():
    for token in ("", "x", "-----END OPENSSH PRIVATE KEY-----\n", "-----END OPENSSH PRIVATE KEY-----\nssh-rsa AAAA"):
        with pytest.raises(Refused):
            HeldKey.of_token(token)
