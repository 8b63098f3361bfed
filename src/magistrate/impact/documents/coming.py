"""Blocks that come or go as a whole: marks of structure, and entries of a list of changes."""

from __future__ import annotations

import re
from typing import Final

from magistrate.impact.documents.atoms import Kind, atoms, is_text
from magistrate.impact.documents.judging import Judge, sign_of
from magistrate.impact.documents.page import Unit
from magistrate.impact.prose import ACTING_WORDS

MOVABLE: Final = frozenset(
    {"paragraph_open", "paragraph_close", "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"}
)
"""Structure that may come and go with plain text in it."""
LOOSE: Final = re.compile(r"(?:paragraph0?|item|item\d+-)\Z")
"""Places where a running text may come or go."""
ENTRY_SIGN: Final = re.compile(r"#\d+\Z|`{1,2}[A-Za-z_][\w.]*(?:\(\))?`{1,2}\Z")
UNRELEASED: Final = re.compile(r"(?i)\bunreleased\b")
LINK_SIGNS: Final = frozenset({"[", "](", "]"})


def why_not_whole(unit: Unit, judge: Judge, *, comes: bool) -> str | None:
    """Why a block may not come or go as a whole."""
    if not unit.running:
        return None if unit.place in MOVABLE and not unit.text else f"adds or removes a block (`{unit.place}`)"
    if LOOSE.match(unit.place) is None:
        return f"adds or removes a text at a place of weight (`{unit.place}`)"
    if judge.entries:
        return _entry_objection(unit, judge) if comes else "takes an entry off the list of changes"
    return f"{'adds a text' if comes else 'takes a text away'}: what it says is for people to judge"


def _entry_objection(unit: Unit, judge: Judge) -> str | None:
    if not any(UNRELEASED.search(name) for name in unit.section):
        return "adds to a part of the list of changes that has no heading `Unreleased`"
    if not unit.place.startswith("item"):
        return "adds more than an entry to the list of changes"
    found = atoms(unit.text)
    signs = [atom for atom in found if not is_text(atom)]
    sign = next((atom for atom in signs if not ENTRY_SIGN.match(atom.text)), None)
    if sign is not None:
        return f"has `{sign.text[:40]}` in an entry of the list of changes"
    judge.approved += [(sign_of(atom)[0], atom.text) for atom in signs]
    acting = next((hit[0] for atom in found if (hit := ACTING_WORDS.search(atom.text))), None)
    if acting is not None:
        return f"says `{acting}`, which a tool, an agent or an operator may act on"
    strange = next((a.text for a in found if a.kind is Kind.WORD and not judge.ordinary(a.text)), None)
    return None if strange is None else f"has the word `{strange[:40]}`, which is used nowhere else"
