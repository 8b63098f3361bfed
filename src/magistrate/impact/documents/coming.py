"""Blocks that come or go as a whole: marks of structure may, texts are for people to judge."""

from __future__ import annotations

from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.documents.page import Unit

MOVABLE: Final = frozenset(
    {"paragraph_open", "paragraph_close", "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"}
)
"""Structure that may come and go where it holds no text that does."""
LOOSE: Final = rx(r"(?:paragraph0?|item|item\d+-)\Z")
"""Places of running text that weighs no more than its words."""


def why_not_whole(unit: Unit, *, comes: bool) -> str | None:
    """Why a block may not come or go as a whole."""
    if not unit.running:
        return None if unit.place in MOVABLE and not unit.text else f"adds or removes a block (`{unit.place}`)"
    if LOOSE.match(unit.place) is None:
        return f"adds or removes a text at a place of weight (`{unit.place}`)"
    return f"{'adds a text' if comes else 'takes a text away'}: what it says is for people to judge"
