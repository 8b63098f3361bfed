"""What landed before a commit, along first parents, and what each of these commits changed.

Rule kept: facts only, from objects; a history that ends early says so instead of failing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Protocol

from magistrate.domain.history import AlteredRow, LandedRow, LandedRows
from magistrate.errors import NotFound, Unavailable

NO_MODE: Final = "000000"
MAX_SIDES: Final = 20_000
"""Commits of merged sides that are looked at."""


class Git(Protocol):
    """One git command on one repository."""

    def __call__(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Its output; raises NotFound, Unavailable."""


def landed_rows(git: Git, commit: str, limit: int) -> LandedRows:
    """`commit` and what landed before it; empty and not whole where git cannot walk there."""
    form = "--format=%H %T %P%n%s%n%b"
    try:
        out = git("log", "--first-parent", "-z", f"--max-count={limit + 1}", form, commit, "--")
    except (NotFound, Unavailable):
        return LandedRows(rows=(), whole=False)
    found = [_read(record) for record in out.split(b"\0") if record]
    rows = tuple(
        LandedRow(
            commit=names[0], tree=names[1], parent_tree=found[at + 1][0][1] if at + 1 < len(found) else None,
            subject=subject, body=body, merge=len(names) > 3,  # noqa: PLR2004  commit, tree, parents
        )
        for at, (names, subject, body) in enumerate(found[:limit])
    )  # fmt: skip
    return LandedRows(rows=rows, whole=len(found) > limit or not _has_parent(git, found[-1][0][0]))


def merged_subjects(git: Git, commit: str, limit: int) -> Mapping[str, tuple[str, ...]]:
    """Subjects of the merged sides, by the merge that brought them; empty where git cannot walk there."""
    try:
        line = git("rev-list", "--first-parent", f"--max-count={limit + 1}", commit, "--").decode().split()
        words = [commit, *(f"^{one}" for one in line[limit:])]
        out = git("log", "-z", f"--max-count={MAX_SIDES}", "--format=%H %P%n%s", *words, "--")
    except (NotFound, Unavailable):
        return {}
    rows = {names[0]: (names[1:], subject) for names, subject, _ in map(_read, out.split(b"\0")) if names}
    taken = set(line)
    found: dict[str, tuple[str, ...]] = {}
    for one in reversed(line[:limit]):
        side = list(_side(rows, one, taken))
        if side:
            found[one] = tuple(side)
    return found


def _side(rows: Mapping[str, tuple[list[str], str]], merge: str, taken: set[str]) -> Iterator[str]:
    """Subjects of what a merge brought that no older one had; marks them as taken."""
    waiting = list(rows[merge][0][1:]) if merge in rows else []
    while waiting:
        one = waiting.pop()
        if one in rows and one not in taken:
            taken.add(one)
            yield rows[one][1]
            waiting += rows[one][0]


def altered_rows(git: Git, pairs: Sequence[tuple[str, str]]) -> Sequence[tuple[AlteredRow, ...] | None]:
    """What differs between each pair of trees; None from the first that git cannot read on."""
    stdin = "".join(f"{old} {new}\n" for old, new in pairs).encode()
    try:
        out = git("diff-tree", "--stdin", "-r", "--raw", "--no-renames", "--no-abbrev", "-z", stdin=stdin)
    except (NotFound, Unavailable):
        return [None for _ in pairs]
    by_pair = dict(_by_pair(out.split(b"\0")))
    return [by_pair.get(f"{old} {new}", ()) for old, new in pairs]


def _by_pair(fields: Iterable[bytes]) -> Iterator[tuple[str, tuple[AlteredRow, ...]]]:
    pair, pending = "", iter(fields)
    rows: list[AlteredRow] = []
    for field in pending:
        while field and not field.startswith(b":"):  # names of trees, whose first row stands behind them, or none
            if pair:
                yield pair, tuple(rows)
            head, _, field = field.partition(b"\n")  # noqa: PLW2901
            pair, rows = head.decode(errors="replace"), []
        if not field:
            continue
        mode1, mode2, id1, id2, *_ = field.decode(errors="replace")[1:].split()
        path = next(pending, b"").decode(errors="backslashreplace")
        rows.append(
            AlteredRow(
                path=path, before=None if mode1 == NO_MODE else id1, after=None if mode2 == NO_MODE else id2,
                mode_before=None if mode1 == NO_MODE else mode1, mode_after=None if mode2 == NO_MODE else mode2,
            )
        )  # fmt: skip
    if pair:
        yield pair, tuple(rows)


def _has_parent(git: Git, commit: str) -> bool:
    """As its bytes say, not as a shallow clone shows it."""
    head = git("cat-file", "commit", commit).split(b"\n\n", 1)[0]
    return any(line.startswith(b"parent ") for line in head.split(b"\n"))


def _read(record: bytes) -> tuple[list[str], str, str]:
    lines = record.decode(errors="replace").lstrip("\n").split("\n", 2)
    lines += [""] * (3 - len(lines))
    return lines[0].split(), lines[1], lines[2]
