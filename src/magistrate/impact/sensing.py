"""How sensors are made: rules over changed lines, and roles that make every line count.

A role comes from what the file says (both sides); a path is only one more hint, and a hint
can only raise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from magistrate.domain.impact import ChangeClass, Sensitivity
from magistrate.impact.base import BaseTree, ChangedFile, ChangedLine

Role = Callable[[ChangedFile], str | None]
MAX_PER_RULE: Final = 20
MAX_LINE: Final = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A pattern in a changed line and what it means, in words."""

    pattern: re.Pattern[str]
    why: str


def rule(pattern: str, why: str) -> Rule:
    """Compile a rule; patterns are linear and case-insensitive."""
    return Rule(pattern=re.compile(pattern, re.IGNORECASE), why=why)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSensor:
    """Raises by role of the file, then by rule on each changed line."""

    name: str
    kind: ChangeClass
    rules: tuple[Rule, ...] = ()
    role: Role | None = None

    def sense(self, file: ChangedFile, base: BaseTree) -> Iterable[Sensitivity]:
        """Every hit, at its line; removed lines are named by the line they had."""
        del base
        if self.role is not None:
            found = self.role(file)
            if found is not None:
                yield Sensitivity(kind=self.kind, path=file.path, line=first_line(file), why=found)
        yield from self._by_rule(file)

    def _by_rule(self, file: ChangedFile) -> Iterator[Sensitivity]:
        for one in self.rules:
            hits = (line for line in file.lines if one.pattern.search(line.text[:MAX_LINE]))
            for count, line in enumerate(hits):
                if count >= MAX_PER_RULE:
                    break
                yield Sensitivity(kind=self.kind, path=file.path, line=line.number, why=worded(one.why, line))


def worded(why: str, line: ChangedLine) -> str:
    """The reason, with which side of the change the line is on."""
    return f"{why} ({'added' if line.added else 'removed'} line)"


def first_line(file: ChangedFile) -> int:
    """The first line that changes on the new side, else on the old one."""
    return next((line.number for line in file.added), next((line.number for line in file.lines), 0))


def says(file: ChangedFile, pattern: re.Pattern[str]) -> bool:
    """Whether either side says something."""
    return any(pattern.search(text) for text in file.both_texts)


def named(file: ChangedFile, pattern: re.Pattern[str]) -> bool:
    """Whether the path hints at something."""
    return pattern.search(file.path) is not None
