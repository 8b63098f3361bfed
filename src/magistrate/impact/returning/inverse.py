"""The inverse of a change, tried: applied to what the change leaves, it gives the base again, byte for byte.

Rule kept (R30): a tree is its paths, modes and bytes; the digest covers all three. A change that does not start from
what is there, or whose steps do not follow from each other, has no inverse.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from magistrate.domain.impact import FileChange

Tree = Mapping[str, tuple[str, bytes]]
"""Path to git mode and content."""


class NoInverseError(ValueError):
    """A change has no inverse here; the message names the first path that stands in the way."""


def tree_digest(tree: Tree) -> str:
    """`sha256:` over paths, modes and contents in order of path, each with its length in front."""
    total = hashlib.sha256()
    for path in sorted(tree):
        mode, content = tree[path]
        name = path.encode("utf-8", "surrogateescape")
        total.update(b"%d:%s%s%d:" % (len(name), name, mode.encode(), len(content)) + content)
    return "sha256:" + total.hexdigest()


def applied(tree: Tree, changes: Sequence[FileChange]) -> dict[str, tuple[str, bytes]]:
    """The tree after a change.

    Raises:
        NoInverseError: a file is not what the change starts from, or is named twice.
    """
    left = dict(tree)
    seen: set[str] = set()
    for change in changes:
        if change.path in seen:
            raise NoInverseError(f"`{change.path[:80]}` changes twice in one step")
        seen.add(change.path)
        if left.get(change.path) != _side(change.before, change.mode_before):
            raise NoInverseError(f"`{change.path[:80]}` is not what the change starts from")
        after = _side(change.after, change.mode_after)
        if after is None:
            left.pop(change.path, None)
        else:
            left[change.path] = after
    return left


def inverse_of(changes: Sequence[FileChange]) -> tuple[FileChange, ...]:
    """The change that takes it back."""
    return tuple(
        FileChange(
            path=one.path, before=one.after, after=one.before, mode_before=one.mode_after, mode_after=one.mode_before
        )
        for one in reversed(changes)
    )


def base_of(steps: Sequence[Sequence[FileChange]]) -> dict[str, tuple[str, bytes]]:
    """As much of the base tree as the steps say: the first side of every path."""
    first: dict[str, FileChange] = {}
    for step in steps:
        for change in step:
            first.setdefault(change.path, change)
    sides = {path: _side(change.before, change.mode_before) for path, change in first.items()}
    return {path: side for path, side in sides.items() if side is not None}


def verify_inverse(steps: Sequence[Sequence[FileChange]], base: Tree | None = None) -> str:
    """Apply the steps to a scratch copy, then their inverses from the last to the first; give the digest of the base.

    Raises:
        NoInverseError: a step does not apply, or what is left is not the base.
    """
    tree: Tree = base_of(steps) if base is None else dict(base)
    wanted = tree_digest(tree)
    for step in steps:
        tree = applied(tree, step)
    for step in reversed(steps):
        tree = applied(tree, inverse_of(step))
    if tree_digest(tree) != wanted:
        raise NoInverseError("the inverse leaves another tree than the base")
    return wanted


def _side(content: bytes | None, mode: str | None) -> tuple[str, bytes] | None:
    return None if content is None else (mode or "", content)
