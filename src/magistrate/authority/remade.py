"""What of an effect is another one when it is made anew, in words: the same for whatever kind of effect."""

from __future__ import annotations

from collections.abc import Mapping

_SHOWN = 60


def otherwise_than(of: str, pairs: Mapping[str, tuple[str, str]]) -> str:
    """The first of `pairs` (what is said, what is found here) whose two differ, in words; empty where none does."""
    for what, (said, seen) in pairs.items():
        if said != seen:
            return f"the {what} of {of} is `{seen[:_SHOWN] or 'none'}` here, it says `{said[:_SHOWN] or 'none'}`"
    return ""
