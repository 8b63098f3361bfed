"""`magistrate demo` as a user runs it: no terminal, no colour, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from paths import MAGISTRATE

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("demo")]
ROOM = 600


def demo(folder, *arguments):
    (folder / "tmp").mkdir(exist_ok=True)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "NO_COLOR": "1",
        "LANG": "C.UTF-8",
    }
    return subprocess.run(
        [str(MAGISTRATE), "demo", *map(str, arguments)], cwd=folder, env=env, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=ROOM, check=False,
    )  # fmt: skip


def of_the_demo(folder):
    """Processes that were told of a place in the demo's folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                told = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            except OSError:
                continue
            if os.fsencode(folder) in told:
                found.append(told.split(b"\0")[:8])
    return found


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    done = demo(folder)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    return folder, done.stdout


@pytest.mark.requirement("R1", "R55")
def test_four_changes_come_to_their_four_ends(played):
    table = played[1][played[1].rindex("━") :]
    rows = [line for line in table.splitlines() if "│" in line]
    ends = [word for row in rows for word in ("SUCCEEDED", "REJECTED", "ROLLED_BACK") if word in row]
    assert ends == ["SUCCEEDED", "SUCCEEDED", "REJECTED", "ROLLED_BACK"], played[1]


def lines_with(text, *words):
    return [line for line in text.splitlines() if all(word in line.lower() for word in words)]


@pytest.mark.requirement("R2")
def test_the_assistants_own_push_is_refused(played):
    assert lines_with(played[1], "git push", "session token", "refused")


@pytest.mark.requirement("R58")
def test_a_replayed_credential_is_refused(played):
    assert lines_with(played[1], "credential", "refused")
    assert lines_with(played[1], "0 are usable")


@pytest.mark.requirement("R62")
def test_the_log_verifies_and_a_doctored_copy_does_not(played):
    assert lines_with(played[1], "verified: ", "entries")
    assert lines_with(played[1], "mag-e2"), "the code of what was found wrong"


def test_colour_and_cursor_are_left_alone_without_a_terminal(played):
    assert "\x1b" not in played[1]


def test_nothing_is_left_behind(played):
    folder = played[0]
    assert not of_the_demo(folder)
    assert not list((folder / "tmp").iterdir())
    left = {path.name for path in folder.iterdir()} - {"tmp"}
    assert not left, "nothing in the home of its user either"


def test_a_folder_that_is_not_empty_is_not_built_in(tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    (place / "mine").write_text("dear\n")
    done = demo(tmp_path, "--keep", place)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "MAG-E" in done.stderr
    assert "not empty" in done.stderr
    assert [path.name for path in place.iterdir()] == ["mine"]
