"""A page that is new: plain sentences and links that its neighbours have, and nothing else."""

from __future__ import annotations

import re
from typing import Final

from magistrate.impact.base import BaseTree
from magistrate.impact.documents.atoms import Atom, Kind, atoms, is_text
from magistrate.impact.documents.coming import why_not_sentences
from magistrate.impact.documents.links import FETCHED, RELATIVE, authority
from magistrate.impact.documents.page import Page, Unit
from magistrate.impact.documents.words import Vocabulary

TARGETS: Final = re.compile(r"https?://[^\s<>()\[\]\"'`]+")
PAGES: Final = (".md", ".markdown", ".rst")
MARKS: Final = frozenset({"-", "#", "##", "###", "####"})
PLACES: Final = re.compile(r"(?:paragraph0?|item|item\d+-|heading\d?)\Z")
STRUCTURE: Final = re.compile(r"(?:paragraph|heading|bullet_list|list_item)_(?:open|close)\Z")
LINK_SIGNS: Final = frozenset({"[", "](", "]"})


def why_not_new_page(path: str, page: Page, base: BaseTree, words: Vocabulary) -> str | None:
    """Why a page that is added may be more than prose; None when it is not."""
    folder = path.rpartition("/")[0]
    if not any(other.rpartition("/")[0] == folder and other.lower().endswith(PAGES) for other in base.files):
        return "the page is added to a folder that has no pages"
    if path.rsplit("/", 1)[-1].lower().startswith(("readme", "index", "changelog", "changes", "history")):
        return "a page of this name is shown by itself, whoever adds it"
    if page.fixed:
        return f"line {page.fixed[0][0]} of the new page is code, raw markup, a directive or front matter"
    mark = next(((line, text) for line, text, is_mark in page.chunks if is_mark and text not in MARKS), None)
    if mark is not None:
        return f"line {mark[0]} of the new page has the mark `{mark[1][:20]}`"
    used = _authorities(base)
    for unit in page.units:
        why = _unit_objection(unit, used, base, words)
        if why is not None:
            return f"line {unit.line} of the new page {why}"
    return None


def _unit_objection(unit: Unit, used: frozenset[str], base: BaseTree, words: Vocabulary) -> str | None:
    if not unit.running:
        return None if STRUCTURE.match(unit.place) else f"has a block (`{unit.place}`)"
    if not PLACES.match(unit.place):
        return f"has a text at a place of weight (`{unit.place}`)"
    found = atoms(unit.text)
    return _sign_objection(found, used, base) or why_not_sentences([a for a in found if is_text(a)], words.ordinary)


def _sign_objection(found: tuple[Atom, ...], used: frozenset[str], base: BaseTree) -> str | None:
    for atom in found:
        if is_text(atom) or atom.text in LINK_SIGNS:
            continue
        if atom.kind is not Kind.TARGET:
            return f"has `{atom.text[:40] or 'a hard line break'}`"
        owner = authority(re.sub(r"\Ahttp:", "https:", atom.text))
        local = RELATIVE.match(atom.text) is not None and atom.text.split("#")[0] in base.files
        if FETCHED.search(atom.text) or not (local or owner in used):
            return f"has the link `{atom.text[:60]}`, to an owner that no page here links to"
    return None


def _authorities(base: BaseTree) -> frozenset[str]:
    """Owners that pages of the base tree link to."""
    kept = base.looked_up.get("authorities")
    if not isinstance(kept, frozenset):
        pages = [text for path, text in base.files.items() if path.lower().endswith(PAGES)]
        targets = {
            re.sub(r"\Ahttp:", "https:", one.rstrip(".,;:!?")) for text in pages for one in TARGETS.findall(text)
        }
        kept = frozenset(owner for owner in map(authority, targets) if owner is not None)
        base.looked_up["authorities"] = kept
    return kept
