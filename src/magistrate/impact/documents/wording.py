"""Whether words that differ between two texts may change what people do: an allow-list of differences.

Rule kept (R19): a difference of wording is one of spelling, of case, of the form of a word or of
the small words of grammar, and of none that negates, quantifies, commands or concerns security.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.impact.documents.atoms import Atom, Kind
from magistrate.impact.prose import ACTING_WORDS, PROSE_SHAPE


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


SMALL: Final = _listed(
    "a an the is are was were be been being am this that these those of to in at by for as it its itself their there "
    "which who whose and also then has have had having with into onto such so will does here where what how you your "
    "we our us i they them he she about"
)
"""Words of grammar: coming or going, they change no meaning that anyone acts on."""
WEIGHTY: Final = re.compile(
    r"(?i)(?:"
    # negate, limit
    r"\w*n['\u2019]t|no|not|nor|never|none|neither|nothing|nobody|nowhere|cannot|lack\w*|fail\w*|except\w*|without|hardly|"
    r"rarely|seldom|unless|until|only|barely|avoid\w*|refus\w*|reject\w*|prevent\w*|forbid\w*|forbidden|prohibit\w*|\w+less|"
    r"stop\w*|exclud\w*|ignor\w*|forg[eo]t\w*|"
    # command, allow
    r"must|should|shall|may|might|can|could|need\w*|ought|require\w*|recommend\w*|prefer\w*|please|always|ensure\w*|"
    r"mandatory|optional\w*|obligat\w*|let|lets|if|else|otherwise|or|either|instead|rather|"
    # count, measure
    r"all|any|every\w*|each|both|half|double|dozens?|couple|quarter|several|cents?|degrees|twice|once|single|one|two|three|four|five|six|seven|eight|nine|ten|eleven|"
    r"twelve|twenty|thirty|sixty|hundred\w*|thousand\w*|million\w*|billion\w*|first|second|third|last|next|more|less|least|most|"
    r"fewer|fewest|few|minim\w*|maxim\w*|min|max|percent\w*|zero|second|seconds|minutes?|hours?|days?|weeks?|months?|years?|"
    r"ms|bytes?|kb|mb|gb|tb|kib|mib|gib|pixels?|px|dollars?|euros?|times|limit\w*|unlimited|"
    # warn, grade
    r"warn\w*|caution|danger\w*|beware|careful\w*|risk\w*|harm\w*|experimental\w*|deprecat\w*|beta|alpha|stable|unstable|"
    r"obsolete|outdated|supported|guarante\w*|official\w*|legacy|default\w*|from|true|false|yes|on|off|model"
    r")\Z"
)
FAMILIES: Final = (
    _listed("i me my you your yours we us our ours he him his she her hers they them their theirs it its here there"),
    _listed("to of in at by for into onto with against from"),
)
"""Small words that say who or which way: one may come or go, none takes the place of another."""
COMMANDS: Final = _listed(
    "use set add open copy paste type enter click press choose select create make edit change replace restart start stop "
    "give put pass import load write save move rename configure update upgrade follow ask tell remember consider try "
    "check build test commit push pull fork clone treat keep wait go get fetch apply assign attach connect define do "
    "ensure generate insert invoke launch modify point prepare reset restore return specify submit supply switch trigger "
    "upload take leave turn bring share forward reply comment close fill join buy browse scan email text adopt pick"
)
LEAST: Final = _listed("a an the is are was were be been this that these those it which also")
"""Small words that mean nothing beside a number, code or a title either."""
NAMING: Final = re.compile(
    r"(?i)(?:packages?|librar(?:y|ies)|modules?|dependenc(?:y|ies)|plug-?ins?|extensions?|images?|repositor(?:y|ies)|registr(?:y|ies)|"
    r"hosts?|domains?|accounts?|channels?|branch(?:es)?|tags?|named?|called|sites?|address(?:es)?|crates?|gems?|projects?)\Z"
)
"""Words beside which a word may be somebody's name."""
NEGATION: Final = re.compile(r"(?i)(?:no|not|never|nor|neither|none|\w+n['\u2019]t)\Z")
QUOTES: Final = _listed("\" ' \u201c \u201d \u2018 \u2019 - ,")
LEADS_ON: Final = _listed("then now and just simply to also")
ENDINGS: Final = frozenset({"", "s", "es", "d", "ed", "ing", "e", "ly", "'s", "\u2019s", "y", "ies", "ied"})
LEAST_STEM: Final = 3
SHORT_WORD: Final = 3
LONG_WORD: Final = 6
NEAR: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place where words differ.

    `beside` are words right before and after; `strict` where more than words stands there, such as
    code, a number or the text of a link; `ordinary` tells whether a word is in use here or in English,
    `misspelt` whether it is used nowhere else.
    """

    removed: Sequence[str]
    added: Sequence[str]
    beside: Sequence[str]
    strict: bool
    ordinary: Callable[[str], bool]
    misspelt: Callable[[str], bool]

    @property
    def words(self) -> tuple[str, ...]:
        """Those of both sides."""
        return (*self.removed, *self.added)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Word for word, in lower case, where both sides have as many; else none."""
        if len(self.removed) != len(self.added):
            return []
        return [(a.lower(), b.lower()) for a, b in zip(self.removed, self.added, strict=True)]


def weighty(word: str) -> str | None:
    """The word, where it alone changes what a sentence asks, allows or counts."""
    bare = word.strip("'\u2019")
    if WEIGHTY.match(bare) or any(WEIGHTY.match(part) for part in bare.split("-") if part):
        return word
    found = ACTING_WORDS.search(bare)
    return None if found is None else found[0]


def why_not_wording(place: Place) -> str | None:  # noqa: PLR0911 - one rule, one exit
    """Why a place where words differ is more than wording; None when it is not."""
    foreign = next((word for word in place.words if not word.replace("\u2019", "'").isascii()), None)
    if foreign is not None:
        return f"has `{foreign[:40]}`, whose letters are not plain English"
    if _same_letters(place):
        return _loud(place)
    if _corrected(place):
        return None
    heavy = next(filter(None, map(weighty, place.words)), None)
    if heavy is not None:
        return f"changes `{heavy}`, which asks, allows, counts, warns or concerns security"
    if _swapped(place):
        return f"changes `{' '.join(place.removed)[:60]}` to `{' '.join(place.added)[:60]}`, which say who or which way"
    if all(word.lower() in (LEAST if place.strict else SMALL) for word in place.words):
        return None
    naming = next((word for word in place.beside if NAMING.match(word)), None)
    if naming is not None:
        return f"changes `{' '.join(place.added or place.removed)[:60]}` beside `{naming}`, which may be a name"
    return _strange(place) or (None if _inflected(place) else _content(place))


def _swapped(place: Place) -> bool:
    """Whether small words of one family stand where others of it stood."""
    old, new = ({word.lower() for word in words} for words in (place.removed, place.added))
    return any(old & family and new & family and old & family != new & family for family in FAMILIES)


def _strange(place: Place) -> str | None:
    for word in place.words:
        if PROSE_SHAPE.match(word) is None:
            return f"has `{word[:40]}`, whose letters are not plain English"
    unknown = next((word for word in place.added if not place.ordinary(word)), None)
    return None if unknown is None else f"has the word `{unknown[:40]}`, which is used nowhere else"


def _content(place: Place) -> str:
    """A word that carries what a sentence says comes, goes or takes the place of another: no list knows all opposites."""
    shown = next((word for word in (*place.added, *place.removed) if word.lower() not in SMALL), place.words[0])
    return f"changes `{shown[:60]}`, which carries what the sentence says"


def begins_with_order(found: Sequence[Atom]) -> str | None:
    """What a sentence tells people to do, in words; None when none does."""
    begins = True
    for atom in found:
        if atom.kind is Kind.POINT:
            begins = begins or atom.text not in QUOTES
        elif begins and atom.text.lower() in COMMANDS:
            return f"tells people to `{atom.text}`"
        else:
            begins = begins and atom.text.lower() in LEADS_ON
    return None


def _same_letters(place: Place) -> bool:
    """Whether only case, hyphens, apostrophes and blanks between words differ."""
    old, new = (re.sub(r"['\u2019-]", "", "".join(words)).lower() for words in (place.removed, place.added))
    return bool(old) and old == new


def _loud(place: Place) -> str | None:
    """A word that weighs is more than a word when its case or its parting changes (RFC 8174)."""
    heavy = next((word for word in place.words if weighty(word)), None)
    shouted = any(len(word) > 1 and word.isupper() for word in place.words)
    if heavy is None and " ".join(place.removed).lower() != " ".join(place.added).lower():
        return _strange(place)
    if heavy is None or (len(place.pairs) == 1 and not shouted and place.pairs[0][0] == place.pairs[0][1]):
        return None
    return f"writes `{heavy}` otherwise, which asks or limits"


def _corrected(place: Place) -> bool:
    """Whether each pair is one word, first in a spelling that is no word here nor in English."""
    return bool(place.pairs) and all(a == b or _correction(a, b, place) for a, b in place.pairs)


def _correction(old: str, new: str, place: Place) -> bool:
    if not (old + new).isascii() or WEIGHTY.match(old) or WEIGHTY.match(new) or len(new) < SHORT_WORD:
        return False
    if weighty(new) and (len(new) < LONG_WORD or new[0] != old[0]):
        return False
    reach = NEAR if len(new) >= LONG_WORD else 1
    return edits(old, new) <= reach and place.misspelt(old) and place.ordinary(new)


def _inflected(place: Place) -> bool:
    """Whether each pair is one word in another form, or two small words."""
    small = LEAST if place.strict else SMALL
    return bool(place.pairs) and all(a == b or _same_stem(a, b) or (a in small and b in small) for a, b in place.pairs)


def _same_stem(old: str, new: str) -> bool:
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    return head >= LEAST_STEM and old[head:] in ENDINGS and new[head:] in ENDINGS


def edits(old: str, new: str) -> int:
    """Letters to put, take, change or turn around (optimal string alignment), at most `NEAR` + 1."""
    if abs(len(old) - len(new)) > NEAR:
        return NEAR + 1
    older: list[int] = []
    row = list(range(len(new) + 1))
    for i, a in enumerate(old, 1):
        last, row = row, [i, *([0] * len(new))]
        for j, b in enumerate(new, 1):
            row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == new[j - 2] and b == old[i - 2]:
                row[j] = min(row[j], older[j - 2] + 1)
        older = last
    return min(row[-1], NEAR + 1)
