"""The file of the workload token: read anew, and refused where others reach it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from magistrate.errors import Refused
from magistrate.executor.credentials.workload_token import TokenFile

pytestmark = pytest.mark.requirement("R52")
FAKE = "fake.workload.token"


def put(path: Path, text: str = FAKE, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(Refused) as caught:
        TokenFile(path=path).token()
    assert caught.value.code == "MAG-E380"
    assert FAKE not in caught.value.diagnostics()
    return caught.value.message


def test_the_token_is_read_anew_at_each_use_through_a_link(tmp_path):
    source = TokenFile(path=tmp_path / "token")
    for number in range(2):
        kept = put(tmp_path / f"kept{number}", f"{FAKE}{number}\n", 0o440)
        (tmp_path / "next").symlink_to(kept)
        (tmp_path / "next").rename(tmp_path / "token")
        assert source.token() == f"{FAKE}{number}"
    assert FAKE not in repr(source)


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o620, 0o644, 0o666])
def test_a_file_that_others_reach_is_not_used(tmp_path, mode):
    assert "others may read or write" in refusal(put(tmp_path / "token", mode=mode))


def test_what_is_no_token_is_refused(tmp_path):
    assert "cannot be read" in refusal(tmp_path / "none")
    assert "is no file" in refusal(tmp_path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "is no file" in refusal(tmp_path / "pipe")
    assert "holds no token" in refusal(put(tmp_path / "long", FAKE * 1000))
    assert "holds no token" in refusal(put(tmp_path / "words", f"{FAKE}é"))
