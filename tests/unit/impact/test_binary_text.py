"""What sensors see of bytes that are no text: what `strings` would print, in ASCII and in UTF-16."""

from __future__ import annotations

import random

import pytest

from magistrate.domain.impact import ChangeClass, FileChange
from magistrate.impact.assess import SENSORS, sense
from magistrate.impact.base import BaseTree, ChangedFile

KEY = "AKIA" + "FAKEFAKEFAKEFAKE"
NOISE = bytes(random.Random(1).choices(range(128, 256), k=400)) + b"\0"


def changed(after: bytes, before: bytes | None = None) -> ChangedFile:
    return ChangedFile(change=FileChange(path="a.bin", before=before, after=after))


@pytest.mark.requirement("R24", "R25")
@pytest.mark.parametrize("encoding", ["ascii", "utf-16-le"])
def test_a_secret_in_a_binary_is_seen_at_no_line(encoding):
    file = changed(NOISE + f"aws_id = {KEY}".encode(encoding) + NOISE)
    found = {s for s in sense(file, BaseTree(), SENSORS) if s.kind is ChangeClass.SECRETS}
    assert found
    assert {s.line for s in found} == {0}


def test_text_without_a_nul_keeps_every_character_and_its_lines():
    file = changed("ü\nx\n".encode(), b"x\n")
    assert file.after == "ü\nx\n"
    assert [(line.number, line.text) for line in file.added] == [(1, "ü")]


def test_one_nul_on_either_side_makes_both_sides_pieces():
    file = changed(b"short\nlong enough\n", b"\0")
    assert (file.before, file.after) == ("", "long enough")
