"""Other hands at the ref: whatever somebody with access to the gate's disk can do, and who did what.

Every hand signs the reflog with its name; what leaves no line there (an edited packed-refs file, a
deleted ref) is written down beside it. What is left is what the gate did.
"""

from __future__ import annotations

import os
import random
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from soak.subject import BrokenError
from world.real_gate import MAIN, git

NAME = "Another hand"
WHO = {
    f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in (("NAME", NAME), ("EMAIL", "x@example.invalid"))
}  # fmt: skip
NULL = "0" * 40
NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One move of the ref; empty texts where it did not exist."""

    before: str
    after: str
    foreign: bool


class Place(Protocol):
    """Where hands are at work: a bare repository, the approved base and the approved tree."""

    bare: Path
    old: str
    result_tree: str

    def tip(self) -> str:
        """Where the ref stands; empty when it is gone."""


class Hands:
    """What other hands do in one case, at steps or beside them."""

    def __init__(self, town: Place, rng: random.Random) -> None:
        self._town, self._rng = town, rng
        self._lock = threading.RLock()
        self._lines_read = 0
        self.moves: list[Move] = []
        self.made: set[str] = set()
        self.did: list[str] = []
        self.drain()
        self.moves.clear()  # what made the repository

    def act(self, way: str) -> None:
        """Do one thing; a hand that comes too late or collides with git's own lock lets it be."""
        with self._lock:
            self.drain()
            WAYS[way](self)
            self.did.append(way)
            self.drain()

    def drain(self) -> None:
        """Take over what the reflog says since last time."""
        log = self._town.bare / "logs" / MAIN
        lines = log.read_text().splitlines() if log.exists() else []
        for line in lines[self._lines_read :]:
            before, after, rest = line.split(" ", 2)
            self.moves.append(Move(before=_name(before), after=_name(after), foreign=rest.startswith(NAME)))
        self._lines_read = len(lines)

    def commit(self, parent: str, tree: str = "") -> str:
        """A commit by this hand; without a tree one with another file, which nobody assessed."""
        bare = self._town.bare
        if not tree:
            blob = git(bare, "hash-object", "-w", "--stdin", given=self._rng.randbytes(8)).strip()
            rows = git(bare, "ls-tree", parent).splitlines() if parent else []
            kept = [row for row in rows if not row.endswith("\tforeign.txt")]
            listed = "\n".join([*kept, f"100644 blob {blob}\tforeign.txt", ""])
            tree = git(bare, "mktree", given=listed.encode()).strip()
        parents = ["-p", parent] if parent else []
        message = f"by another hand {self._rng.getrandbits(64)}"
        made = git(bare, "commit-tree", tree, *parents, "-m", message, given=b"", **WHO).strip()
        self.made.add(made)
        return made

    def move(self, new: str, *, expected: str | None = None) -> bool:
        """`update-ref` without hooks; False when the ref was locked or stood elsewhere."""
        argv = ["update-ref", "-m", NAME, MAIN, new, *([expected or NULL] if expected is not None else [])]
        return self._try(*argv)

    def on_top(self) -> None:
        tip = self._town.tip()
        self.move(self.commit(tip), expected=tip)

    def push(self) -> None:
        """`git push` to the bare path, its hooks switched off."""
        tip = self._town.tip()
        new = self.commit(tip)
        receive = f"git -c core.hooksPath={os.devnull} receive-pack"
        self._try("push", "--quiet", "--receive-pack", receive, str(self._town.bare), f"{new}:{MAIN}")

    def rewind(self) -> None:
        self.move(self.commit(""))

    def same_tree(self) -> None:
        """Somebody else's commit with exactly the approved tree."""
        self.move(self.commit(self._town.old, self._town.result_tree))

    def back_to_old(self) -> None:
        self.move(self._town.old)

    def there_and_back(self) -> None:
        tip = self._town.tip()
        if self.move(self.commit(tip)) and tip:
            self.move(tip)

    def delete(self) -> None:
        before = self._town.tip()
        if before and self._try("update-ref", "-d", MAIN, before):
            self.moves.append(Move(before=before, after="", foreign=True))
            self._lines_read = 0

    def packed(self) -> None:
        """The ref rewritten in packed-refs, where no reflog sees it."""
        tip, bare = self._town.tip(), self._town.bare
        if not tip or not self._try("pack-refs", "--all") or (bare / MAIN).exists():
            return
        new = self.commit(tip)
        packed = bare / "packed-refs"
        packed.write_text(packed.read_text().replace(tip, new))
        self.moves.append(Move(before=tip, after=new, foreign=True))

    def elsewhere(self) -> None:
        """A branch and a tag that are none of this warrant's business."""
        new = self.commit(self._town.old)
        for ref in ("refs/heads/side", "refs/tags/v1"):
            self._try("update-ref", ref, new)

    def _try(self, *arguments: str) -> bool:
        done = subprocess.run(
            ["git", *NO_HOOKS, "-C", str(self._town.bare), *arguments], capture_output=True, check=False,
            env={**os.environ, **WHO},
        )  # fmt: skip
        return done.returncode == 0


WAYS: dict[str, Callable[[Hands], None]] = {
    "on top": Hands.on_top, "push": Hands.push, "rewind": Hands.rewind, "same tree": Hands.same_tree,
    "back to old": Hands.back_to_old, "there and back": Hands.there_and_back, "delete": Hands.delete,
    "packed": Hands.packed, "elsewhere": Hands.elsewhere,
}  # fmt: skip
AT_ANY_TIME = ("on top", "push", "rewind", "same tree", "back to old", "elsewhere")
"""What a hand may do while git itself is at work: each is one locked move that the reflog sees."""


def _name(commit: str) -> str:
    return "" if commit == NULL else commit


def verify_whole(moves: list[Move], start: str, tip: str) -> None:
    """Each move begins where the one before it ended, and the last is where the ref stands; raises BrokenError."""
    at = start
    for move in moves:
        if move.before != at:
            raise BrokenError(f"a move from `{move.before[:12]}`, but the ref stood at `{at[:12]}`")
        at = move.after
    if at != tip:
        raise BrokenError(f"the ref stands at `{tip[:12]}`, nobody moved it from `{at[:12]}`")


def parent_and_tree(bare: Path, commit: str) -> tuple[str, str]:
    """What a commit stands on and what it holds."""
    found = git(bare, "show", "-s", "--format=%P %T", commit).split()
    return (" ".join(found[:-1]), found[-1])
