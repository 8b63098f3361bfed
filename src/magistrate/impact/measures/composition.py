"""A chain of steps as one change: the net effect per path, and whether the steps join."""

from __future__ import annotations

from collections.abc import Sequence

from magistrate.domain.impact import FileChange


def net_change(steps: Sequence[Sequence[FileChange]]) -> tuple[tuple[FileChange, ...], tuple[str, ...]]:
    """Net changes in order of path, and the paths whose steps do not follow from each other."""
    first: dict[str, FileChange] = {}
    last: dict[str, FileChange] = {}
    torn: set[str] = set()
    for step in steps:
        for change in step:
            previous = last.get(change.path)
            if previous is None:
                first[change.path] = change
            elif (previous.after, previous.mode_after) != (change.before, change.mode_before):
                torn.add(change.path)
            last[change.path] = change
    net = tuple(
        FileChange(
            path=path,
            before=first[path].before,
            after=last[path].after,
            mode_before=first[path].mode_before,
            mode_after=last[path].mode_after,
        )
        for path in sorted(first)
        if (first[path].before, first[path].mode_before) != (last[path].after, last[path].mode_after)
    )
    return net, tuple(sorted(torn))
