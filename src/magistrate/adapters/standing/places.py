"""Where a credential may lie: files and databases of the home, temporary folders, settings of git.

Packed objects of git are not looked into: what a repository holds is judged when it comes.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from magistrate.adapters.standing.search import Search, guarded
from magistrate.adapters.standing.shapes import git_hands_out, in_url, key_lines, of_code_host

CHUNK: Final = 16 << 20
OVERLAP: Final = 4096
"""Bytes read twice where a file or a region is read in pieces; no credential is longer."""
_TMP_DEPTH: Final = 3
_MOST_TMP_FILES: Final = 20_000
_SETTINGS: Final = frozenset({"config", ".gitconfig", ".git-credentials", "credentials", ".netrc", "config.worktree"})
_SQLITE: Final = b"SQLite format 3\0"


def search_home(search: Search, home: Path, *, keys: Mapping[Path, bytes], left_out: frozenset[Path]) -> None:
    """Every file below the home; `keys` are the known key files with the line that tells each."""
    for path in _files(search, home, deepest=None):
        if path in left_out:
            continue

        def look(path: Path = path) -> None:
            search.counts["files"] += 1
            for piece in _pieces(path):
                where = str(path)
                search.tokens(where, piece)
                if path not in keys and key_lines(piece):
                    search.found(where, "a private key outside of its known file")
                if of_code_host(piece):
                    search.found(where, "a token of a code host")
                if path.name in _SETTINGS and (git_hands_out(piece) or in_url(piece)):
                    search.found(where, "settings of git that hold or fetch a credential")
            _database(search, path)

        guarded(search, str(path), look)


def search_tmp(search: Search, folder: Path, *, owners: frozenset[int], keys: frozenset[bytes], home: Path) -> None:
    """Files of these users in a temporary folder, three levels deep: tokens of the gate, copies of known keys."""
    found = _files(search, folder, deepest=_TMP_DEPTH, owners=owners, not_below=home)
    for seen, path in enumerate(found):
        if seen >= _MOST_TMP_FILES:
            search.blind(str(folder), f"more than {_MOST_TMP_FILES:,} files")
            return

        def look(path: Path = path) -> None:
            search.counts["temporary files"] += 1
            for piece in _pieces(path):
                search.tokens(str(path), piece)
                if keys & set(key_lines(piece)):
                    search.found(str(path), "a copy of a key of this deployment")

        guarded(search, str(path), look)


def search_git_of_user(search: Search, folder: Path, *, own: bool) -> None:
    """Credentials for git in somebody's home; `own`: the user is a process's own, not a person."""
    for name in (".gitconfig", ".git-credentials", ".netrc", ".config/git/config", ".config/git/credentials"):
        path = folder / name

        def look(path: Path = path) -> None:
            content = path.read_bytes()
            search.counts["settings of git"] += 1
            search.tokens(str(path), content)
            if git_hands_out(content) or in_url(content):
                what = "settings of git that hold or fetch a credential"
                if own:
                    search.found(str(path), what)
                else:
                    search.reachable.append((str(path), what))

        guarded(search, str(path), look)


def _files(
    search: Search,
    folder: Path,
    *,
    deepest: int | None,
    owners: frozenset[int] | None = None,
    not_below: Path | None = None,
) -> Iterator[Path]:
    """Plain files below a folder, never through a link; what cannot be listed is told."""
    pending = [(folder, 1)]
    while pending:
        here, depth = pending.pop()
        try:
            entries = list(os.scandir(here))
        except FileNotFoundError:
            continue
        except OSError as error:
            search.blind(str(here), error.strerror or "cannot be listed")
            continue
        for entry in entries:
            path = Path(entry.path)
            try:
                if entry.is_symlink() or (
                    owners is not None and entry.stat(follow_symlinks=False).st_uid not in owners
                ):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    packed = entry.name == "objects" and (here / "HEAD").exists()
                    if not packed and path != not_below and (deepest is None or depth < deepest):
                        pending.append((path, depth + 1))
                elif entry.is_file(follow_symlinks=False):
                    yield path
            except FileNotFoundError:
                continue


def _pieces(path: Path) -> Iterator[bytes]:
    """The content in pieces that overlap."""
    kept = b""
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield kept + piece
            kept = piece[-OVERLAP:]


def _database(search: Search, path: Path) -> None:
    """The values of a SQLite database one by one: in its pages a long one lies in parts."""
    with path.open("rb") as file:
        if file.read(len(_SQLITE)) != _SQLITE:
            return
    search.counts["databases"] += 1
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        tables = [name for (name,) in db.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            quoted = table.replace('"', '""')
            for row in db.execute(f'select * from "{quoted}"'):  # noqa: S608  a name out of the database's own schema
                joined = b"\n".join(_bytes(value) for value in row if isinstance(value, str | bytes))
                search.tokens(f"{path}, table {table}", joined)
                if key_lines(joined):
                    search.found(f"{path}, table {table}", "a private key in a database")
    finally:
        db.close()


def _bytes(value: str | bytes) -> bytes:
    return value.encode(errors="surrogatepass") if isinstance(value, str) else value
