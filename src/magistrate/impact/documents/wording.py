"""Whether words that differ between two texts may change what people do: an allow-list of differences.

Rule kept (R19): a difference of wording is one of spelling, of case, of grammatical agreement, of an
article or of a word said twice; whatever else differs may be what somebody acts on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.prose import ACTING_WORDS, PROSE_SHAPE


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


ARTICLES: Final = _listed("a an the")
"""Words that may come or go, except beside a word that counts with them."""
AGREEING: Final = tuple(map(_listed, ("a an", "is are", "was were", "has have", "does do", "this these", "that those")))
"""One word of grammar in its forms: tense, person and sense stay."""
COUNTING: Final = _listed(
    "little few lot lots bit number numbers couple while good great many several only one same other rest majority "
    "minority hundred thousand million dozen deal"
)
"""Beside these an article says how many: a little is more than little."""
WEIGHTY: Final = rx(
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
PREPOSITIONS: Final = _listed(
    "of in at on to by for with from into onto out off under over up down about after before between through without within "
    "as than like per via upon along across against during behind beyond near past since until toward towards"
)
"""Behind these an article may make another saying: in charge, in the charge; out of question, out of the question."""
TWICE: Final = _listed(
    "a an the of to in is are was were be and or that this it as at by for with on we you they i have has will"
)
"""What is written twice by mistake."""
NAMING: Final = rx(
    r"(?i)(?:packages?|librar(?:y|ies)|modules?|dependenc(?:y|ies)|plug-?ins?|extensions?|images?|repositor(?:y|ies)|registr(?:y|ies)|"
    r"hosts?|domains?|accounts?|channels?|branch(?:es)?|tags?|named?|names?|call(?:ed|s)?|sites?|address(?:es)?|crates?|gems?|projects?|"
    r"beware|fake|false|typos?|typosquat\w*|spell\w*|misspel\w*|squat\w*|imposters?|impostors?|lookalikes?|users?|at|dot|alias\w*|dubbed|titled)\Z"
)
"""Words beside which a word may be somebody's name."""
TURNING: Final = ("il", "im", "in", "ir", "un", "dis", "non", "de", "mis", "a", "anti", "counter", "under", "over")
"""What turns the sense of a word in front of it."""
HEAVY_NEIGHBOURS: Final = _listed("no not nor none never must may can cannot should only all any every each least most")
"""Words that weigh and are written like many others."""
SHORT_WORD: Final = 3
LONG_WORD: Final = 6
NEAR: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place where words differ.

    `beside` are words before and after, `next_to` those right there; `ordinary` tells whether a word is in use here or in English,
    `misspelt` whether it is used nowhere else.
    """

    removed: Sequence[str]
    added: Sequence[str]
    beside: Sequence[str]
    next_to: Sequence[str] = ()
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
    naming = next((word for word in place.beside if NAMING.match(word)), None)
    if naming is not None:
        return f"changes `{' '.join(place.added or place.removed)[:60]}` beside `{naming}`, which may be a name"
    if _corrected(place):
        return None
    heavy = next(filter(None, map(weighty, place.words)), None)
    if heavy is not None:
        return f"changes `{heavy}`, which asks, allows, counts, warns or concerns security"
    if _doubled(place) or _agreed(place) or _article(place):
        return None
    return _strange(place) or _content(place)


def _doubled(place: Place) -> bool:
    """Whether a word of grammar that stood twice stands once."""
    if place.added or len(place.removed) != 1 or place.removed[0].lower() not in TWICE:
        return False
    return place.removed[0].lower() in {word.lower() for word in place.next_to}


def _agreed(place: Place) -> bool:
    """Whether each pair is one word of grammar in two forms."""
    return bool(place.pairs) and all(a == b or any({a, b} <= forms for forms in AGREEING) for a, b in place.pairs)


def _article(place: Place) -> bool:
    """Whether only articles come or only articles go, where they count nothing."""
    one_sided = not place.removed or not place.added
    counted = any(word.lower() in COUNTING | PREPOSITIONS for word in place.next_to)
    return one_sided and not counted and all(word.lower() in ARTICLES for word in place.words)


def _strange(place: Place) -> str | None:
    for word in place.words:
        if PROSE_SHAPE.match(word) is None:
            return f"has `{word[:40]}`, whose letters are not plain English"
    unknown = next((word for word in place.added if not place.ordinary(word)), None)
    return None if unknown is None else f"has the word `{unknown[:40]}`, which is used nowhere else"


def _content(place: Place) -> str:
    """A word that carries what a sentence says comes, goes or takes the place of another: no list knows all opposites."""
    shown = next((word for word in (*place.added, *place.removed) if word.lower() not in ARTICLES), place.words[0])
    return f"changes `{shown[:60]}`, which carries what the sentence says"


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
    distance = edits(old, new)
    return distance <= reach and place.misspelt(old) and place.ordinary(new) and not _may_mean_other(old, new, distance)


def _may_mean_other(old: str, new: str, distance: int) -> bool:
    """Whether the misspelt word is as near to one that says the opposite, or that weighs."""
    turned = {head + new for head in TURNING} | {new.removeprefix(head) for head in TURNING} - {new}
    return any(edits(old, other) <= distance for other in turned | (HEAVY_NEIGHBOURS - {new}))


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
