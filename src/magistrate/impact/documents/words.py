"""Which words are in use: in English, or in the base tree outside the pages that change."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from magistrate.impact.base import BaseTree
from magistrate.impact.compiled import rx
from magistrate.impact.english import known

MAX_LOOKUPS: Final = 200
SLUG: Final = rx(r"[^\w\- ]")


@dataclass(kw_only=True)
class Vocabulary:
    """The words of one page's surroundings; `changed` are paths whose text does not count."""

    base: BaseTree
    changed: frozenset[str]
    page: str
    new_page: str
    looked: dict[str, bool] = field(default_factory=dict)

    @cached_property
    def _left(self) -> frozenset[str]:
        return frozenset(re.findall(r"[a-z]+", self.new_page.lower()))

    @cached_property
    def _page(self) -> frozenset[str]:
        return frozenset(re.findall(r"[a-z]+", self.page.lower()))

    def ordinary(self, word: str) -> bool:
        """Whether each part of a word is English or in use on this page or elsewhere in the base tree."""
        parts = re.findall(r"[A-Za-z]+", word)
        return all(known(part) or part.lower() in self._page or self._elsewhere(part.lower()) for part in parts)

    def strange(self, word: str) -> bool:
        """Whether a word is neither English, nor in use anywhere else in the base tree, nor still on the new page."""
        lower = word.lower()
        if known(lower) or lower in self._left or (lower not in self.looked and len(self.looked) >= MAX_LOOKUPS):
            return False
        return not self._elsewhere(lower)

    def anchored(self, heading: str) -> bool:
        """Whether some text of the base tree links to the anchor that a heading makes."""
        slug = SLUG.sub("", heading.strip().lower()).replace(" ", "-")
        return any(f"#{slug}" in text for text in self.base.lowered.values())

    def _elsewhere(self, word: str) -> bool:
        if word not in self.looked:
            if len(self.looked) >= MAX_LOOKUPS:
                return False
            whole = re.compile(rf"(?<![a-z]){re.escape(word)}(?![a-z])")
            self.looked[word] = any(
                word in text and whole.search(text) is not None
                for path, text in self.base.lowered.items()
                if path not in self.changed
            )
        return self.looked[word]
