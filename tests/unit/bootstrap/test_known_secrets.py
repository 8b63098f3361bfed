"""The file of known secrets: front's alone, line by line, and never a value in what is said about it."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

import pytest

from magistrate.bootstrap.front import KeyedTexts
from magistrate.bootstrap.known_secrets import MAX_VALUES, read_known_secrets
from magistrate.errors import Refused

OWNER = os.geteuid()
FIRST, SECOND, THIRD = "Fake-one-9vQ2/x+LmZ7r", "fakeTwo=with=signs-8Kd", "RkFLRS1iYXNlNjQtMTIz=="


def written(folder: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path = folder / "known-secrets"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def refusal(path: Path, owner: int = OWNER) -> Refused:
    with pytest.raises(Refused) as caught:
        read_known_secrets(path, owner)
    return caught.value


@pytest.mark.requirement("R8")
def test_values_plain_and_named_are_read(tmp_path: Path) -> None:
    lines = [
        "# of the shop",
        "",
        FIRST,
        f"DB_PASSWORD={SECOND}",
        f'export API="{FIRST}9"',
        f"quoted='{SECOND}8'",
        THIRD,
    ]
    path = written(tmp_path, "\r\n".join(lines))
    assert read_known_secrets(path, OWNER) == (FIRST, SECOND, FIRST + "9", SECOND + "8", THIRD)
    assert read_known_secrets(tmp_path / "absent", OWNER) == ()
    assert read_known_secrets(written(tmp_path, b"\xef\xbb\xbf" + FIRST.encode()), OWNER) == (FIRST,)


@pytest.mark.requirement("R8", "R12")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Fake7ch", "fewer than 8"),
        ("PIN=1234", "fewer than 8"),
        ("ChangeMe", "too common"),
        ("PASSWORD=Password1", "too common"),
        ("abababababab", "too common"),
        ("DATABASE_PASSWORD=", "name without a value"),
    ],
)
def test_a_line_that_cannot_be_looked_for_is_named_by_its_number_only(tmp_path: Path, line: str, said: str) -> None:
    error = refusal(written(tmp_path, f"{FIRST}\n{line}\n"))
    assert error.code == "MAG-E574"
    assert said in error.message
    assert "line 2 of" in error.message
    told = "".join(traceback.format_exception(error)) + error.diagnostics() + repr(error)
    for value in (FIRST, line.partition("=")[2] or line):
        assert value not in told.replace(str(tmp_path), "")


@pytest.mark.requirement("R8", "R12")
def test_a_file_that_is_not_fronts_alone_is_refused(tmp_path: Path) -> None:
    for mode in (0o640, 0o604, 0o620, 0o601):
        error = refusal(written(tmp_path, FIRST, mode))
        assert error.code == "MAG-E573"
        assert f"{mode:04o}" in error.message
        assert "chmod 600" in error.hint
    path = written(tmp_path, FIRST)
    assert "belongs to user" in refusal(path, OWNER + 1).message
    link = tmp_path / "link"
    link.symlink_to(path)
    assert refusal(link).code == "MAG-E573"
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "no plain file" in refusal(tmp_path / "pipe").message
    for content in (
        b"\xff\xfe" + FIRST.encode(),
        b"a" * 1_000_001,
        b"\n".join(b"fake-%08d" % n for n in range(MAX_VALUES + 1)),
    ):
        assert refusal(written(tmp_path, content)).code == "MAG-E574"


@pytest.mark.requirement("R8")
def test_front_takes_them_out_of_what_it_serves() -> None:
    texts = KeyedTexts(b"k" * 32, [FIRST])
    shown, count = texts.redact(f"x = {FIRST[:9]}\n{FIRST[9:]} and {FIRST[::-1]} and {FIRST.encode().hex()}")
    assert count >= 3
    assert not [n for n in range(len(FIRST) - 7) if FIRST[n : n + 8] in shown]
    assert FIRST not in texts.free_text(FIRST)
