"""Reading repositories, applying patches in quarantine, moving objects."""

from __future__ import annotations

import json
import subprocess

import pytest

from magistrate.adapters.git.objects import CommitText, Identity, create_bare, export_pack, import_pack, make_commit
from magistrate.adapters.git.patch import QuarantinedPatches
from magistrate.adapters.git.reader import KEPT_TREES, RepositoryReader
from magistrate.adapters.git.traits import inspect
from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.errors import NotFound, Refused, Usage

WHO = Identity(name="Test", email="test@example.invalid")


def git(folder, *arguments, given=None):
    return subprocess.run(["git", "-C", str(folder), *arguments], input=given, capture_output=True, check=True).stdout


@pytest.fixture
def repo(tmp_path):
    folder = tmp_path / "with space:colon"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "a.py").write_text("x = 1\ny = 2\nz = 3\n")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "crlf.txt").write_bytes(b"one\r\ntwo\r\n")
    (folder / "d").mkdir()
    (folder / "d/b.bin").write_bytes(bytes(range(256)))
    commit(folder)
    return folder


def commit(folder):
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "step", "--allow-empty")
    return git(folder, "rev-parse", "HEAD").decode().strip()


def stage(folder):
    """Result tree and diff of what lies in the work tree, base tree first."""
    base = git(folder, "rev-parse", "HEAD^{tree}").decode().strip()
    git(folder, "add", "-A")
    result = git(folder, "write-tree").decode().strip()
    return base, result, git(folder, "diff", "--cached", "--binary", "--no-renames", "HEAD")


def apply(folder, base, patch, **more):
    return QuarantinedPatches(open_sandbox()).apply(folder / ".git", base, patch, **more)


def test_a_change_of_every_kind_is_applied_and_read_back(repo):
    (repo / "a.py").write_text("x = 1\ny = 5\nz = 3\n")
    (repo / "new.txt").write_text("")
    (repo / "d/b.bin").write_bytes(bytes(reversed(range(256))))
    (repo / "crlf.txt").write_bytes(b"one\r\nzwei\r\n")
    (repo / "run.sh").chmod(0o755)
    (repo / "d/name with ümlaut").write_text("no newline at end")
    base, result, patch = stage(repo)
    applied = apply(repo, base, patch)
    assert applied.result_tree == result
    assert set(applied.paths) == {"a.py", "new.txt", "d/b.bin", "crlf.txt", "run.sh", "d/name with ümlaut"}
    change = next(c for c in applied.changes if c.path == "run.sh")
    assert (change.mode_before, change.mode_after) == ("100644", "100755")
    rows = json.loads(applied.manifest)
    assert [row["path"] for row in rows] == sorted(applied.paths, key=str.encode)
    again = QuarantinedPatches(open_sandbox()).rebuild(repo / ".git", base, applied.diff)
    assert again.result_tree == result
    assert again.manifest_sha256 == applied.manifest_sha256


def test_a_typechange_and_a_removal_reproduce_themselves(repo):
    (repo / "a.py").unlink()
    (repo / "a.py").symlink_to("run.sh")
    (repo / "crlf.txt").unlink()
    base, result, patch = stage(repo)
    applied = apply(repo, base, patch)
    assert applied.result_tree == result
    assert QuarantinedPatches(open_sandbox()).rebuild(repo / ".git", base, applied.diff).result_tree == result
    modes = {c.path: (c.mode_before, c.mode_after) for c in applied.changes}
    assert modes == {"a.py": ("100644", "120000"), "crlf.txt": ("100644", None)}


def test_the_repository_is_not_written(repo):
    (repo / "a.py").write_text("x = 9\n")
    base, result, patch = stage(repo)
    git(repo, "reset", "-q", "--hard")
    git(repo, "gc", "-q", "--prune=now")
    before = git(repo, "count-objects", "-v")
    assert apply(repo, base, patch).result_tree == result
    assert git(repo, "count-objects", "-v") == before


@pytest.mark.requirement("R55")
def test_a_diff_that_says_more_than_it_does_is_no_rebuild(repo):
    (repo / "a.py").write_text("x = 1\ny = 5\nz = 3\n")
    base, _, patch = stage(repo)
    applied = apply(repo, base, patch)
    with pytest.raises(Refused, match="something else"):
        QuarantinedPatches(open_sandbox()).rebuild(repo / ".git", base, b"approved by everybody\n" + applied.diff)


def test_objects_travel_and_commits_are_made_by_rule(repo, tmp_path):
    old = commit(repo)
    (repo / "a.py").write_text("x = 1\n")
    base, result, patch = stage(repo)
    applied = apply(repo, base, patch, want_pack=True)
    other = create_bare(tmp_path / "other.git")
    import_pack(other, export_pack(repo / ".git", old))
    import_pack(other, applied.pack)
    text = CommitText(tree=result, parent=old, message="fix", author=WHO, committer=WHO, at=1_790_000_000)
    made = make_commit(other, text)
    assert made == make_commit(other, text)
    assert RepositoryReader(other).tree_of(made) == result
    assert RepositoryReader(other).parents(made) == (old,)
    assert git(other, "show", "-s", "--format=%an %at", made) == b"Test 1790000000\n"


def test_a_broken_pack_is_refused(tmp_path):
    with pytest.raises(Refused):
        import_pack(create_bare(tmp_path / "x.git"), b"PACK nonsense")


@pytest.mark.requirement("R55")
def test_a_tree_is_listed_once_but_not_where_an_object_is_not_at_hand(repo, monkeypatch):
    reader = RepositoryReader(repo / ".git")
    tree = reader.tree_of(reader.resolve("main"))
    asked, real = [], reader._git

    def noted(*words, **more):
        asked.append(words[0])
        return real(*words, **more)

    monkeypatch.setattr(reader, "_git", noted)
    assert reader.list_tree(tree) == reader.list_tree(tree)
    assert asked == ["ls-tree"]
    missing = git(repo, "mktree", "--missing", given=b"100644 blob " + b"7" * 40 + b"\tgone\n").decode().strip()
    for _ in range(2):
        assert [entry.size for entry in reader.list_tree(missing)] == [-1]
    assert asked == ["ls-tree"] * 3
    for number in range(KEPT_TREES):
        (repo / "a.py").write_text(f"x = {number}\n")
        commit(repo)
        reader.list_tree(reader.tree_of(reader.resolve("main")))
    assert len(reader._listed) == KEPT_TREES
    assert tree not in reader._listed


def test_reading(repo):
    reader = RepositoryReader(repo / ".git")
    tree = reader.tree_of(reader.resolve("main"))
    assert reader.read_path(tree, "a.py") == b"x = 1\ny = 2\nz = 3\n"
    assert reader.read_path(tree, "*.py") is None
    assert reader.read_path(tree, "d") is None
    assert {e.path: e.mode for e in reader.list_tree(tree)}["d/b.bin"] == "100644"
    with pytest.raises(NotFound):
        reader.resolve("nothing")
    with pytest.raises(Usage):
        reader.resolve("--upload-pack=/bin/sh")
    with pytest.raises(NotFound):
        reader.read_blobs(["0" * 39 + "1"])


@pytest.mark.requirement("R55")
def test_wishes_of_the_repository_are_not_followed(repo, tmp_path):
    canary = tmp_path / "canary"
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch '{canary}'\n")
    trap.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "diff.external",
        "filter.t.clean",
        "filter.t.smudge",
        "diff.t.textconv",
        "core.sshCommand",
        "core.pager",
    ):
        git(repo, "config", key, str(trap))
    (repo / ".git/info/attributes").write_text("* filter=t diff=t\n")
    for hook in ("post-index-change", "reference-transaction", "applypatch-msg"):
        (repo / ".git/hooks" / hook).write_text(trap.read_text())
        (repo / ".git/hooks" / hook).chmod(0o755)
    base = RepositoryReader(repo / ".git").tree_of(RepositoryReader(repo / ".git").resolve("main"))
    patch = b"diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1,3 +1,3 @@\n-x = 1\n+x = 2\n y = 2\n z = 3\n"
    applied = apply(repo, base, patch)
    assert applied.paths == ("a.py",)
    inspect(repo)
    assert not canary.exists()


@pytest.mark.requirement("R55")
def test_replace_refs_change_nothing(repo):
    reader = RepositoryReader(repo / ".git")
    tree = reader.tree_of(reader.resolve("main"))
    old = git(repo, "rev-parse", "HEAD:a.py").decode().strip()
    fake = git(repo, "hash-object", "-w", "--stdin", given=b"evil").decode().strip()
    git(repo, "replace", old, fake)
    assert reader.read_path(tree, "a.py") == b"x = 1\ny = 2\nz = 3\n"


def test_traits(repo, tmp_path):
    found = inspect(repo)
    found.check_usable()
    assert found.branch == "refs/heads/main"
    git(repo, "checkout", "-q", "--detach")
    with pytest.raises(Refused, match="detached"):
        inspect(repo).check_usable()
    empty = tmp_path / "empty"
    git(tmp_path, "init", "-q", str(empty))
    with pytest.raises(Refused, match="no commit"):
        inspect(empty).check_usable()
    modern = tmp_path / "modern"
    git(tmp_path, "init", "-q", "--object-format=sha256", str(modern))
    (modern / "f").write_text("x")
    commit(modern)
    with pytest.raises(Refused, match="SHA-256"):
        inspect(modern).check_usable()
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repo}", str(tmp_path / "shallow"))
    with pytest.raises(Refused, match="shallow"):
        inspect(tmp_path / "shallow").check_usable()
    with pytest.raises(NotFound):
        inspect(tmp_path)


def test_lfs_and_submodules_are_said(repo):
    (repo / ".gitattributes").write_text("*.bin filter=lfs diff=lfs\n")
    git(repo, "add", "-A")
    git(repo, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendored")
    git(repo, "commit", "-qm", "sub")
    found = inspect(repo)
    assert found.submodules == ("vendored",)
    assert found.lfs == (".gitattributes",)
    assert len(found.remarks()) == 2
