"""The artifact of a tree: its bytes follow from the tree alone, and unpacked it is the tree."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from magistrate.adapters.git import artifact
from magistrate.adapters.git.artifact import artifact_digest, write_artifact
from magistrate.adapters.git.reader import RepositoryReader
from magistrate.errors import NotFound, Refused
from magistrate.wire.canonical import digest

pytestmark = pytest.mark.requirement("R5")
RUN = b"#!/bin/sh\nexec python3 -m shop\n"
VECTOR = "6665f317ecef9eea7297b41cdfd984a9c874215e5045edf78c0e39cdd8c337d2"


def git(folder: Path, *arguments: str, given: bytes | None = None, env: Mapping[str, str] | None = None) -> bytes:
    argv = ["git", "-C", str(folder), *arguments]
    return subprocess.run(argv, input=given, capture_output=True, check=True, env={**os.environ, **(env or {})}).stdout


def repository(folder: Path) -> Path:
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    return folder


def tree_of(folder: Path, *rows: tuple[str, bytes | str, str | bytes]) -> str:
    """A tree of (mode, blob or object id, path), without any work tree; returns its id."""
    git(folder, "read-tree", "--empty")
    for mode, what, path in rows:
        blob = (
            what if isinstance(what, str) else git(folder, "hash-object", "-w", "--stdin", given=what).decode().strip()
        )
        name = path if isinstance(path, bytes) else path.encode()
        git(folder, "update-index", "-z", "--index-info", given=f"{mode} {blob}\t".encode() + name + b"\0")
    return git(folder, "write-tree", "--missing-ok").decode().strip()


SMALL: tuple[tuple[str, bytes | str, str | bytes], ...] = (
    ("100644", b"print('hello')\n", "app/main.py"),
    ("100755", RUN, "bin/run"),
    ("120000", b"../app/main.py", "bin/main"),
    ("100644", b"", "größe"),
)


def made(folder: Path, tree: str) -> bytes:
    into, reader = io.BytesIO(), RepositoryReader(folder / ".git")
    write_artifact(reader, tree, into)
    assert artifact_digest(reader, tree) == digest(into.getvalue()), "the digest is that of the archive"
    return into.getvalue()


def members(content: bytes) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return archive.getmembers()


def test_a_small_tree_has_the_very_bytes_that_everybody_compares(tmp_path: Path) -> None:
    """Fixed: who upgrades one process must not see another digest of the same tree in the next."""
    folder = repository(tmp_path / "a")
    content = made(folder, tree_of(folder, *SMALL))
    assert (len(content) % 512, hashlib.sha256(content).hexdigest()) == (0, VECTOR)


def test_two_repositories_times_and_owners_give_the_same_bytes(tmp_path: Path) -> None:
    found = set()
    for name, date, person in (("a", "2001-02-03T04:05:06Z", "Anna"), ("b", "2030-02-03T04:05:06Z", "Ben")):
        folder = repository(tmp_path / name)
        tree = tree_of(folder, *SMALL)
        env = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("DATE", date), ("NAME", person), ("EMAIL", "t@example.invalid"))
        }
        commit = git(folder, "commit-tree", tree, "-m", name, env=env).decode().strip()
        found |= {made(folder, tree), made(folder, RepositoryReader(folder / ".git").tree_of(commit))}
    assert len(found) == 1
    said = {(one.uid, one.gid, one.uname, one.gname, one.mtime) for one in members(found.pop())}
    assert said == {(0, 0, "", "", 0)}


def test_attributes_and_filters_play_no_part(tmp_path: Path) -> None:
    """Git's own archive would leave a file out, put words into another and end lines otherwise."""
    folder = repository(tmp_path / "a")
    attributes = b"secret export-ignore\nversion export-subst\n*.txt text eol=crlf\n"
    tree = tree_of(
        folder,
        ("100644", attributes, ".gitattributes"),
        ("100644", b"kept\n", "secret"),
        ("100644", b"$Format:%H$\n", "version"),
        ("100644", b"one\ntwo\n", "lines.txt"),
    )
    (folder / ".git" / "info" / "attributes").write_bytes(attributes)
    with tarfile.open(fileobj=io.BytesIO(made(folder, tree))) as archive:
        held = {one.name: archive.extractfile(one).read() for one in archive.getmembers()}  # type: ignore[union-attr]
    assert held == {
        ".gitattributes": attributes,
        "secret": b"kept\n",
        "version": b"$Format:%H$\n",
        "lines.txt": b"one\ntwo\n",
    }


def test_of_modes_only_the_execute_bit_counts(tmp_path: Path) -> None:
    folder = repository(tmp_path / "a")
    found = {one.name: (one.type, one.mode, one.linkname) for one in members(made(folder, tree_of(folder, *SMALL)))}
    assert found == {
        "app/main.py": (tarfile.REGTYPE, 0o644, ""),
        "bin/main": (tarfile.SYMTYPE, 0o777, "../app/main.py"),
        "bin/run": (tarfile.REGTYPE, 0o755, ""),
        "größe": (tarfile.REGTYPE, 0o644, ""),
    }


def test_paths_are_in_the_order_of_their_bytes(tmp_path: Path) -> None:
    folder = repository(tmp_path / "a")
    names = ["a/b", "a.b", "a-b", "Z", "é", "z", "a/b-c", "\U0001f600", "￿"]
    tree = tree_of(folder, *(("100644", b"x\n", name) for name in names))
    assert [one.name for one in members(made(folder, tree))] == sorted(names, key=str.encode)
    assert sorted(names, key=str.encode) != sorted(names, key=lambda one: one.encode("utf-16-be"))


def test_what_tar_unpacks_is_the_tree(tmp_path: Path) -> None:
    folder, out = repository(tmp_path / "a"), tmp_path / "out"
    long = "/".join(["a-folder-with-a-rather-long-name"] * 9) + "/a file with a name that no header of tar holds"
    tree = tree_of(
        folder, *SMALL, ("100644", bytes(range(256)) * 300, "bytes.bin"), ("100644", b"far\n", long),
        ("100644", b"odd\n", "a \n\"'* -name"), ("100755", b"umlaut\n", "bin/größe"), ("120000", long.encode(), "to-far"),
    )  # fmt: skip
    out.mkdir()
    subprocess.run(["tar", "-xf", "-", "-C", str(out)], input=made(folder, tree), check=True)
    git(out, "init", "-q")
    git(out, "-c", "core.autocrlf=false", "add", "-A", "--force")
    assert git(out, "write-tree").decode().strip() == tree


def test_a_link_to_a_name_that_is_not_utf8_is_kept_as_it_is(tmp_path: Path) -> None:
    folder, out = repository(tmp_path / "a"), tmp_path / "out"
    tree = tree_of(folder, ("120000", b"na\xffme", "link"))
    out.mkdir()
    subprocess.run(["tar", "-xf", "-", "-C", str(out)], input=made(folder, tree), check=True)
    assert os.fsencode((out / "link").readlink()) == b"na\xffme"


REFUSED: dict[str, tuple[str, bytes | str, str | bytes]] = {
    "a submodule": ("160000", "1" * 40, "vendor/other"),
    "a name that is not UTF-8": ("100644", b"x\n", b"na\xffme"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_tree_with_what_no_artifact_holds_is_refused(tmp_path: Path, what: str) -> None:
    folder = repository(tmp_path / "a")
    with pytest.raises(Refused, match="cannot be part of an artifact") as refused:
        made(folder, tree_of(folder, *SMALL, REFUSED[what]))
    assert refused.value.code == "MAG-E314"


def test_a_tree_that_is_too_large_is_refused_and_one_of_the_very_size_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = repository(tmp_path / "a")
    tree = tree_of(folder, ("100644", b"x" * 600, "one"), ("100644", b"y" * 400, "two"))
    monkeypatch.setattr(artifact, "MAX_BYTES", 1000)
    assert made(folder, tree)
    monkeypatch.setattr(artifact, "MAX_BYTES", 999)
    with pytest.raises(Refused) as refused:
        made(folder, tree)
    assert refused.value.code == "MAG-E314"


def test_a_tree_whose_file_is_not_at_hand_has_no_artifact(tmp_path: Path) -> None:
    folder = repository(tmp_path / "a")
    with pytest.raises(NotFound):
        made(folder, tree_of(folder, ("100644", "1" * 40, "gone")))


@pytest.mark.parametrize("batch", [1, 20, 10_000])
def test_however_few_files_are_held_at_a_time_the_bytes_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    folder = repository(tmp_path / "made")
    whole = made(folder, tree_of(folder, *SMALL))
    monkeypatch.setattr(artifact, "BATCH_BYTES", batch)
    assert made(folder, tree_of(folder, *SMALL)) == whole
