"""Two folders as one case: nothing is left out in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from magistrate.entrypoints.cli import privilege_sides
from magistrate.entrypoints.cli.privilege_sides import MAX_FILE, sides_of
from magistrate.errors import Usage

pytestmark = pytest.mark.requirement("R28")


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("a", "b"):
        (tmp_path / name / "texts").mkdir(parents=True)
        (tmp_path / name / "texts" / "p.yaml").write_text("a: 1\n")
    return tmp_path / "a", tmp_path / "b"


def unknown(before: Path, after: Path) -> list[str]:
    return [row["path"] for row in sides_of(before, after).rows]


def test_a_link_to_a_file_is_read_under_its_own_name(folders):
    for side in folders:
        (side / "sudoers.d").mkdir()
        (side / "sudoers.d" / "web").symlink_to("../texts/p.yaml")
    (folders[1] / "texts" / "p.yaml").write_text("a: 2\n")
    found = sides_of(*folders)
    assert [one["path"] for one in found.case["files"]] == ["sudoers.d/web", "texts/p.yaml"]
    assert (found.rows, found.notes) == ((), ())


def test_a_link_to_a_folder_is_told_and_unknown_where_what_is_behind_it_moves(folders):
    for side in folders:
        (side / "base").symlink_to("texts")
    found = sides_of(*folders)
    assert (found.rows, found.case["context"]["links"]) == ((), {"base": "texts"})
    assert "base (the same on both sides)" in found.notes[0]
    (folders[1] / "texts" / "p.yaml").write_text("a: 2\n")
    assert unknown(*folders) == ["base"]


def test_a_link_that_leaves_is_told_and_unknown_unless_both_lead_to_one_place(folders, tmp_path):
    (tmp_path / "one.yaml").write_text("")
    (tmp_path / "two.yaml").write_text("")
    for side in folders:
        (side / "l.yaml").symlink_to("../one.yaml")
    assert unknown(*folders) == []
    assert "leaves the folder: l.yaml (the same on both sides)" in sides_of(*folders).notes[0]
    (folders[1] / "l.yaml").unlink()
    (folders[1] / "l.yaml").symlink_to("../two.yaml")
    assert unknown(*folders) == ["l.yaml"]
    (folders[1] / "l.yaml").unlink()
    assert unknown(*folders) == ["l.yaml"]


def test_large_files_are_told_and_unknown_where_they_differ(folders):
    for side in folders:
        (side / "big.yaml").write_bytes(b"a" * (MAX_FILE + 1))
    found = sides_of(*folders)
    assert (found.rows, found.case["context"]["complete"]) == ((), False)
    assert "larger than 2 MB: big.yaml (the same on both sides)" in found.notes[0]
    (folders[1] / "big.yaml").write_bytes(b"b" * (MAX_FILE + 1))
    (row,) = sides_of(*folders).rows
    assert (row["path"], row["verdict"]) == ("big.yaml", "unknown")


def test_what_is_no_text_is_compared_by_its_bytes(folders):
    for side, content in zip(folders, (b"\0a", b"\0b"), strict=True):
        (side / "x.bin").write_bytes(content)
        (side / "same.bin").write_bytes(b"\0")
    found = sides_of(*folders)
    assert [one["before"] for one in found.case["files"]] == [{"base64": "AGE="}]
    assert found.case["context"]["opaque"] == ["same.bin"]


def test_too_much_is_refused(folders, monkeypatch):
    monkeypatch.setattr(privilege_sides, "MAX_ALL", 3)
    with pytest.raises(Usage, match="holds more than"):
        sides_of(*folders)
