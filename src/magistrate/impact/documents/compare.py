"""Two sides of a page: what is not wording, found twice.

The block tokens are aligned and running texts compared word by word between the signs that both
sides share; the line scanner says on its own that no sign, number, code or link comes, goes or
changes its place. Both must agree that only words differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final

from magistrate.impact.documents.atoms import Atom, Kind, atoms, is_text
from magistrate.impact.documents.coming import why_not_whole
from magistrate.impact.documents.judging import Judge, sign_of
from magistrate.impact.documents.page import Page, Unit
from magistrate.impact.documents.wording import Place, why_not_wording

MAX_ATOMS: Final = 1_500
MAX_REGION: Final = 3_000
NEAR_WORDS: Final = 4
HARD_POINTS: Final = frozenset("-:!\u2013\u2014'\u2019")
DASHES: Final = frozenset("-\u2013\u2014")
QUOTES: Final = frozenset("\"'\u2018\u2019\u201c\u201d")
ENDS: Final = frozenset(".!")


def why_not_same_page(old: Page, new: Page, judge: Judge) -> tuple[int, str] | None:
    """The first line of the new side that is more than wording, and why; None when only words differ."""
    judge.references = (old.references, new.references)
    kept = [text for _, text in old.fixed], [text for _, text in new.fixed]
    if kept[0] != kept[1]:
        at = next((i for i, (a, b) in enumerate(zip(*kept, strict=False)) if a != b), min(map(len, kept)))
        number = new.fixed[at][0] if at < len(new.fixed) else (old.fixed[at][0] if at < len(old.fixed) else 0)
        return number, "changes code, raw markup, a directive, a title or front matter, or what stands inside it"
    for line, why in _by_blocks(old.units, new.units, judge):
        return line, why
    return _by_lines(old, new, judge)


def _by_blocks(old: Sequence[Unit], new: Sequence[Unit], judge: Judge) -> Iterator[tuple[int, str]]:
    """Objections out of the block structure, in the order of the page."""
    head, tail = _equal_ends([unit.key for unit in old], [unit.key for unit in new])
    a, b = old[head : len(old) - tail], new[head : len(new) - tail]
    if max(len(a), len(b)) > MAX_REGION:
        yield (b or a)[0].line, "more of the page changes than can be compared in time"
        return
    matcher = SequenceMatcher(None, [unit.key for unit in a], [unit.key for unit in b], autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            yield from _region(a[i1:i2], b[j1:j2], judge)


def _equal_ends(a: Sequence[object], b: Sequence[object]) -> tuple[int, int]:
    head = tail = 0
    shorter = min(len(a), len(b))
    while head < shorter and a[head] == b[head]:
        head += 1
    while tail < shorter - head and a[-1 - tail] == b[-1 - tail]:
        tail += 1
    return head, tail


def _region(a: Sequence[Unit], b: Sequence[Unit], judge: Judge) -> Iterator[tuple[int, str]]:
    """One place where the blocks differ: texts pair up by their places, what is over comes or goes whole."""
    pairs = _paired(a, b)
    left = {id(one) for one, _ in pairs}
    right = {id(one) for _, one in pairs}
    for before, after in pairs:
        why = _text_objection(before, after, judge)
        if why is not None:
            yield after.line, why
    for unit in a:
        if id(unit) not in left:
            why = why_not_whole(unit, comes=False)
            if why is not None:
                yield (b[0].line if b else unit.line), why
    for unit in b:
        if id(unit) not in right:
            why = why_not_whole(unit, comes=True)
            if why is not None:
                yield unit.line, why


def _paired(a: Sequence[Unit], b: Sequence[Unit]) -> list[tuple[Unit, Unit]]:
    """Running texts of both sides at the same kind of place, in order, the likeliest pairs."""
    olds, news = [unit for unit in a if unit.running], [unit for unit in b if unit.running]
    if len(olds) == len(news):
        return [(x, y) for x, y in zip(olds, news, strict=True) if x.place == y.place]
    found, at = [], 0
    for one in olds:
        mine = set(one.text.split())
        rated = [(len(mine & set(other.text.split())), -j, other) for j, other in enumerate(news[at : at + 60], at)]
        fits = [rate for rate in rated if rate[2].place == one.place and rate[0] * 2 > len(mine)]
        if fits:
            best = max(fits, key=lambda rate: rate[:2])
            found.append((one, best[2]))
            at = -best[1] + 1
    return found


def _text_objection(old: Unit, new: Unit, judge: Judge) -> str | None:  # noqa: PLR0911 - one guard, one exit
    """Why two running texts differ in more than wording."""
    if old.place == "definition" or new.place == "definition":
        return _definition_objection(old.text, new.text, judge)
    a, b = atoms(old.text), atoms(new.text)
    if max(len(a), len(b)) > MAX_ATOMS:
        return "is longer than can be compared in time"
    if judge.marks is not None and old.text != new.text and not _same_marks(old.text, new.text, judge):
        return "changes emphasis, code, a link or raw markup inside the text"
    signs = [atom for atom in a if not is_text(atom)], [atom for atom in b if not is_text(atom)]
    why = _signs_objection(*signs, judge)
    if why is not None:
        return why
    if old.place.startswith("heading") and judge.anchored(old.text):
        return "changes a heading that something here links to"
    parts = _parts(a), _parts(b)
    for at, (before, after) in enumerate(zip(*parts, strict=True)):
        edges = signs[1][at - 1] if at else None, signs[1][at] if at < len(signs[1]) else None
        why = _part_objection(before, after, edges, judge)
        if why is not None:
            return why
    return None


def why_not_same_words(
    old: str, new: str, ordinary: Callable[[str], bool], misspelt: Callable[[str], bool]
) -> str | None:
    """Why two running texts, such as comments, differ in more than wording; None when they do not."""
    judge = Judge(
        link=lambda _old, _new: "changes a link", ordinary=ordinary, misspelt=misspelt, anchored=lambda _heading: False
    )
    before, after = (Unit(place="comment", text=text, running=True) for text in (old, new))
    return _text_objection(before, after, judge)


def _same_marks(old: str, new: str, judge: Judge) -> bool:
    """Whether another front end finds the same emphasis, code and links, to targets that may change so."""
    if judge.marks is None:
        return True
    a, b = judge.marks(old, judge.references[0]), judge.marks(new, judge.references[1])
    return len(a) == len(b) and all(
        x[:2] == y[:2] and (x[2] == y[2] or judge.link(x[2], y[2]) is None) for x, y in zip(a, b, strict=True)
    )


def _definition_objection(old: str, new: str, judge: Judge) -> str | None:
    (label, before), (other, after) = (text.split(": ", 1) for text in (old, new))
    judge.leads.add((before.split(" ")[0], after.split(" ")[0]))
    return "changes what a reference stands for" if label != other else judge.link(before, after)


def _signs_objection(a: Sequence[Atom], b: Sequence[Atom], judge: Judge) -> str | None:
    """Signs have to be the same in the same order; the target of a link may change by the rule of links."""
    if [sign_of(atom) for atom in a] != [sign_of(atom) for atom in b]:
        at = next(
            (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if sign_of(x) != sign_of(y)), min(len(a), len(b))
        )
        shown = (b[at] if at < len(b) else a[at]).text[:40] or "a line break"
        return f"changes `{shown}`: a number, a name, code, a link or markup"
    for at, (x, y) in enumerate(zip(a, b, strict=True)):
        if x.kind is Kind.TARGET and x.text != y.text:
            why = judge.link(x.text, y.text) or _shown_otherwise(b, at)
            if why is not None:
                return why
            judge.leads.add((x.text, y.text))
    return None


def _shown_otherwise(signs: Sequence[Atom], at: int) -> str | None:
    """Whether the text of a link shows an address that is not its target."""
    for here in range(at - 2, -1, -1):
        atom = signs[here]
        if atom.text == "[" and (here == 0 or signs[here - 1].text != "["):
            return None
        if atom.kind is Kind.TARGET and atom.text != signs[at].text and (here == 0 or signs[here - 1].text != "]("):
            return f"leads the link elsewhere than its text `{atom.text[:40]}` says"
        if "." in atom.text and atom.kind in {Kind.SIGN, Kind.NUMBER, Kind.CODE}:
            return f"changes the target of a link whose text names `{atom.text[:40]}`"
    return None


def _parts(found: Sequence[Atom]) -> list[list[Atom]]:
    """The words and points between one sign and the next."""
    parts: list[list[Atom]] = [[]]
    for atom in found:
        if is_text(atom):
            parts[-1].append(atom)
        else:
            parts.append([])
    return parts


def _part_objection(
    a: Sequence[Atom], b: Sequence[Atom], edges: tuple[Atom | None, Atom | None], judge: Judge
) -> str | None:
    keys = [atom.key for atom in a], [atom.key for atom in b]
    if keys[0] == keys[1]:
        return None
    if not _words([*a, *b]) and edges[0] is not None and edges[1] is not None and edges[1].glued:
        return f"changes what stands between `{edges[0].text[:30]}` and `{edges[1].text[:30]}`"
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        why = _points_objection(a, b, (i1, i2, j1, j2), edges)
        if why is not None:
            return why
        removed, added = _words(a[i1:i2]), _words(b[j1:j2])
        if not removed and not added:
            continue
        beside = (*_words(a[:i1])[-NEAR_WORDS:], *_words(a[i2:])[:NEAR_WORDS])
        beside += (*_words(b[:j1])[-NEAR_WORDS:], *_words(b[j2:])[:NEAR_WORDS])
        why = why_not_wording(
            Place(
                removed=removed,
                added=added,
                beside=beside,
                next_to=(*_words(a[:i1])[-1:], *_words(a[i2:])[:1], *_words(b[:j1])[-1:], *_words(b[j2:])[:1]),
                ordinary=judge.ordinary,
                misspelt=judge.misspelt,
            )
        )
        if why is not None:
            return why
    return None


def _words(found: Sequence[Atom]) -> list[str]:
    return [atom.text for atom in found if atom.kind is Kind.WORD]


def _points_objection(
    a: Sequence[Atom], b: Sequence[Atom], place: tuple[int, int, int, int], edges: tuple[Atom | None, Atom | None]
) -> str | None:
    """Points decide what belongs together: a style of dash or quote, the end of a text, the comma of a list."""
    i1, i2, j1, j2 = place
    old, new = ([atom.text for atom in side if atom.kind is Kind.POINT] for side in (a[i1:i2], b[j1:j2]))
    if old == new:
        return None
    changed = {*old, *new}
    ends = (i1 == 0 or j1 == 0, i2 == len(a) or j2 == len(b))
    if changed & HARD_POINTS and any(edge and end for edge, end in zip(edges, ends, strict=True)):
        return f"changes `{min(changed)}` beside code, a number, a link or markup"
    same_style = len(old) == len(new) and (changed <= DASHES or changed <= QUOTES)
    at_the_end = changed <= ENDS and i2 == len(a) and j2 == len(b) and edges[1] is None
    if same_style or at_the_end or (changed == {","} and _comma_of_list(a, b, place)):
        return None
    return f"changes `{min(changed)}`, which may change what belongs together"


def _comma_of_list(a: Sequence[Atom], b: Sequence[Atom], place: tuple[int, int, int, int]) -> bool:
    """Whether one comma comes or goes before the last `and` or `or` of a list that has others."""
    (more, at), fewer = ((b, place[2]), a) if len(b) > len(a) else ((a, place[0]), b)
    commas = [i for i, atom in enumerate(more) if atom.text == ","]
    follows = more[at + 1].text.lower() if at + 1 < len(more) else ""
    before = [i for i in commas if i < at]
    unbroken = bool(before) and not any(one.kind is Kind.POINT for one in more[before[-1] + 1 : at])
    return (
        unbroken
        and follows in {"and", "or"}
        and len(more) == len(fewer) + 1
        and [atom.key for i, atom in enumerate(more) if i != at] == [atom.key for atom in fewer]
    )


def _by_lines(old: Page, new: Page, judge: Judge) -> tuple[int, str] | None:
    """What the line scanner objects to: a mark or sign that comes, goes or changes its place."""
    a = [(text, mark) for _, text, mark in old.chunks]
    b = [(text, mark) for _, text, mark in new.chunks]
    head, tail = _equal_ends(a, b)
    signs = list(_line_signs(a[head : len(a) - tail])), list(_line_signs(b[head : len(b) - tail]))
    line = new.chunks[head][0] if head < len(new.chunks) else 0
    same = len(signs[0]) == len(signs[1]) and all(
        a == b or (a[0] == b[0] and a[0].startswith(Kind.TARGET) and (a[1], b[1]) in judge.leads)
        for a, b in zip(*signs, strict=True)
    )
    return None if same else (line, "changes a mark, number, name, code or link, by the lines")


def _line_signs(chunks: Sequence[tuple[str, bool]]) -> Iterator[tuple[str, str]]:
    for text, mark in chunks:
        if mark:
            if text != "-":
                yield "mark", text
            continue
        for atom in atoms(text):
            if not is_text(atom):
                yield sign_of(atom)[0], atom.text
