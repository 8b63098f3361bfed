"""Who uses a secret, and what it opens: jobs, workloads, services, programs and settings of a whole repository (R36).

Rule kept: this only adds. A name that a secret's value is handed on to counts as that secret, over any number of steps;
a text that does not say which secret it uses may use this one. What nobody declared opens `unknown`, and where more is
found than can be told or looked at, `unknown` says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from magistrate.impact.base import PROSE, in_lower_case
from magistrate.impact.compiled import rx
from magistrate.impact.configuration.declared import SETTINGS
from magistrate.impact.privilege.domains import compose, github_actions, gitlab_ci, k8s_pods
from magistrate.impact.privilege.model import Holder, Reader
from magistrate.impact.privilege.patterns import Glob
from magistrate.impact.privilege.readers import grants_of
from magistrate.impact.reach.aliases import aliases_in, known_as, sources_of
from magistrate.impact.reach.secrets import ANY, named_in, unsaid, words_of

UNKNOWN: Final = "unknown"
READERS: Final[tuple[Reader, ...]] = (compose.READER, github_actions.READER, gitlab_ci.READER, k8s_pods.READER)
MAX_TEXT: Final = 1_000_000
MAX_CONSUMERS: Final = 100
MAX_PAIRS: Final = 50_000
MIN_PLAIN: Final = 6
_TELLING: Final = rx(r"[_./-]|\d")
_MAY_GIVE: Final = ("secret", "$", "{{", "var.", "local.", "env", "credential")
_VARIABLES: Final = rx(r"(?i)(?:\A|/)(\.env(?:\.[\w.-]+)?|[\w-]+\.env)\Z")
"""Files of variables, which others take in whole."""
_IGNORING: Final = rx(r"(?i)(?:\A|/)\.\w*ignore\Z")


@dataclass(frozen=True, kw_only=True)
class Texts:
    """States of a repository in which a secret is looked for; `known` only where the whole tree is at hand."""

    states: Sequence[Mapping[str, str]]
    known: bool

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every name that is given another's value, in any state."""
        found = {
            pair
            for state in self.states
            for path, text in state.items()
            if len(text) <= MAX_TEXT and _any_of(_MAY_GIVE, text)
            for pair in aliases_in(path, text)
        }
        return tuple(sorted(found))

    @cached_property
    def any_secret(self) -> tuple[frozenset[str], ...]:
        """Of each state the texts that use a secret without saying which."""
        return tuple(
            frozenset(path for path, text in state.items() if _is_read(path, text) and unsaid(path, text))
            for state in self.states
        )

    def users_of(self, name: str) -> tuple[str, ...]:
        """Everything that uses a secret, in order: holders of rights by their names, other texts by their paths."""
        found: set[str] = set() if self.known and len(self.pairs) <= MAX_PAIRS else {UNKNOWN}
        names = known_as(name, self.pairs)
        for state, vague in zip(self.states, self.any_secret, strict=True):
            mine = {p: text for p, text in sorted(state.items()) if p in vague or self._uses(p, text, names)}
            mine |= _taking_in(state, mine)
            holders = [one for one in grants_of(mine, READERS).holders if _holds(one, names)]
            found |= {holder.name for holder in holders}
            told = {holder.name.partition(":")[2].rpartition("#")[0] for holder in holders}
            found |= {path for path in mine if path not in told}
            found |= {UNKNOWN for text in state.values() if len(text) > MAX_TEXT and _named_whole(names, text)}
        if len(found) > MAX_CONSUMERS:
            return (*sorted(found - {UNKNOWN})[:MAX_CONSUMERS], UNKNOWN)
        return tuple(sorted(found))

    def opened_by(self, name: str, declared: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """What is declared for a secret and those whose value it is given; `unknown` beside it where its own is missing."""
        sources = sources_of(name, self.pairs)
        found = {one for key, systems in declared.items() if key.casefold() in sources for one in systems}
        own = any(systems and key.casefold() == name.casefold() for key, systems in declared.items())
        return tuple(sorted(found)) if own and name != ANY else (*sorted(found), UNKNOWN)

    @cached_property
    def _words(self) -> dict[tuple[str, str], frozenset[str]]:
        """What was found in a text, so that it is read once for all secrets."""
        return {}

    def _uses(self, path: str, text: str, names: frozenset[str]) -> bool:
        """Whether a text names one of these: as a secret, as a variable that it reads, or as a word that says enough."""
        if not _is_read(path, text):
            return False
        if ANY in names:
            return bool(named_in(path, text))
        if not any(name.rsplit(".", 1)[-1] in in_lower_case(text) for name in names):
            return False
        if (path, text) not in self._words:
            self._words[path, text] = words_of(path, text)
        return not names.isdisjoint(self._words[path, text]) or _named_whole(names, text)


def _any_of(words: tuple[str, ...], text: str) -> bool:
    lowered = in_lower_case(text)
    return any(word in lowered for word in words)


def _is_read(path: str, text: str) -> bool:
    return len(text) <= MAX_TEXT and path != SETTINGS and not PROSE.search(path)


def _taking_in(state: Mapping[str, str], used: Mapping[str, str]) -> dict[str, str]:
    """Texts that name a file of variables in which the secret stands: whoever takes it in has the secret."""
    names = {one[1].lower() for path in used if (one := _VARIABLES.search(path)) is not None}
    if not names:
        return {}
    words = re.compile("|".join(rf"(?<![\w.-]){re.escape(name)}(?![\w-])" for name in sorted(names)))
    return {
        path: text
        for path, text in sorted(state.items())
        if _is_read(path, text) and not _IGNORING.search(path) and words.search(in_lower_case(text)) is not None
    }


def _named_whole(names: frozenset[str], text: str) -> bool:
    """Whether a name stands there as a word, where it is no word that anybody might use for something else."""
    lowered = in_lower_case(text)
    return any(
        len(name) >= MIN_PLAIN
        and _TELLING.search(name) is not None
        and name in lowered
        and re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", lowered) is not None
        for name in names
    )


def _holds(holder: Holder, names: frozenset[str]) -> bool:
    """Whether a right of this holder is one of these secrets, as the readers of rights write them."""
    for layer in holder.layers:
        for statement in layer.statements:
            for where in statement.where:
                for atom in where.among:
                    value = "".join(atom.tokens) if isinstance(atom, Glob) else ""
                    if ANY in names and value.startswith("secret"):
                        return True
                    if value == "secret:*" or value.removeprefix("secret:").casefold() in names:
                        return True
    return False
