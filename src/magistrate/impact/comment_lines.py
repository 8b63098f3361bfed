"""Which comments differ between two readings of a file, and which of them a tool may read."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Final

from magistrate.impact.languages.reading import Comment, Language, Reading, body_of
from magistrate.impact.prose import why_for_tools

MAX_COMMENTS: Final = 5_000


def may_be_read(language: Language, comment: Comment) -> str | None:
    """Why a tool may act on a comment, whatever its words are; None where it is for people."""
    if comment.kept is not None:
        return f"`{comment.text[:60]}` stays as it is: {comment.kept}"
    start = language.prose_starts.match(comment.text)
    if start is None:
        return f"`{comment.text[:60]}` does not begin like prose"
    why = why_for_tools(body_of(comment.text, start.end()))
    return None if why is None else f"the comment `{comment.text[:60]}` {why}"


def differing(old: Reading, new: Reading) -> list[tuple[int | None, int | None]]:
    """Places of comments that are not equal: pairs that stand for each other, or one alone."""
    found: list[tuple[int | None, int | None]] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old.comments, new.comments, autojunk=False).get_opcodes():
        if tag == "replace" and i2 - i1 == j2 - j1:
            found += zip(range(i1, i2), range(j1, j2), strict=True)
        elif tag != "equal":
            found += [(at, None) for at in range(i1, i2)]
            found += [(None, at) for at in range(j1, j2)]
    return found
