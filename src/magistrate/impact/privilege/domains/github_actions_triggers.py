"""What starts a GitHub Actions job: events, filters of refs, and `if:` conditions as boxes of requests.

Follows "Events that trigger workflows" and "Workflow syntax" of the GitHub documentation. Strangers
start `pull_request_target`, comments, issues, stars and forks with the rights of the base; a
`pull_request` from a fork runs the fork's own code with a token that reads and with no secret; all
other events need the right to write, and a schedule needs nobody.

Rule kept: an event or a filter that is not understood counts as one that anybody starts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.ci_yaml import Text, line_of, listed, mapping, shown
from magistrate.impact.privilege.model import Where, literals
from magistrate.impact.privilege.patterns import Glob, glob, literal, path

STRANGERS: Final = "strangers"
FORK: Final = "forks"
WRITERS: Final = "writers"
ITSELF: Final = "itself"
CALLERS: Final = "callers"

EVENTS: Final = {
    "pull_request_target": STRANGERS, "issue_comment": STRANGERS, "issues": STRANGERS, "discussion": STRANGERS,
    "discussion_comment": STRANGERS, "fork": STRANGERS, "watch": STRANGERS, "gollum": STRANGERS,
    "pull_request": FORK, "pull_request_review": FORK, "pull_request_review_comment": FORK,
    "push": WRITERS, "workflow_dispatch": WRITERS, "repository_dispatch": WRITERS, "create": WRITERS, "delete": WRITERS,
    "deployment": WRITERS, "deployment_status": WRITERS, "label": WRITERS, "milestone": WRITERS, "page_build": WRITERS,
    "project": WRITERS, "project_card": WRITERS, "project_column": WRITERS, "public": WRITERS,
    "registry_package": WRITERS, "release": WRITERS, "status": WRITERS, "check_run": WRITERS, "check_suite": WRITERS,
    "merge_group": WRITERS, "branch_protection_rule": WRITERS, "image_version": WRITERS,
    "schedule": ITSELF, "workflow_call": CALLERS, "workflow_run": STRANGERS,
}  # fmt: skip
USUAL_TYPES: Final = {
    "pull_request_target": ("opened", "synchronize", "reopened"),
    "workflow_run": ("requested", "completed", "in_progress"),
}
"""The types of an event that counts without `types:`; of all others every type counts."""
OF_BRANCHES: Final = frozenset({"pull_request_target", "workflow_run"})
"""Events that strangers start and that a filter of branches may keep from happening."""
MAX_CASES: Final = 24
_EVENT_IS: Final = rx(r"github\.event_name\s*(==|!=)\s*'([\w-]+)'")
_REF_IS: Final = rx(r"github\.ref\s*==\s*'(refs/[^']+)'")
_NAME_IS: Final = rx(r"github\.ref_name\s*==\s*'([^']+)'")
_REF_BEGINS: Final = rx(r"startswith\(\s*github\.ref\s*,\s*'(refs/[^']+)'\s*\)", re.IGNORECASE)
_WRAPPED: Final = rx(r"^\s*\$\{\{(?P<inside>(?:(?!\}\}).)*)\}\}\s*$", re.DOTALL)
_LEXEME: Final = rx(
    r"'(?:[^']|'')*'|\"[^\"]*\"|[=!]~\s*/(?:[^/\\]|\\.)*/\w*|&&|\|\||[()]|!(?![=~])|[^&|()!'\"=]+|[!=]=|.", re.DOTALL
)
_STATUS: Final = rx(r"\b(?:always|success|failure|cancelled)\s*\(\s*\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One way in which a job starts: by whom, on which event, under which conditions."""

    who: str
    event: str
    where: tuple[Where, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Starts:
    """All events of a workflow; `odd` is what was not understood, with its line."""

    starts: tuple[Start, ...] = ()
    odd: tuple[tuple[str, int], ...] = ()


def starts_of(on: object) -> Starts:
    """The events under `on:`, whichever way they are written."""
    found: list[Start] = []
    odd: list[tuple[str, int]] = []
    named = [(key, value) for key, value in on.items()] if isinstance(on, dict) else [(one, None) for one in listed(on)]
    for event, settings in named:
        if not isinstance(event, Text) or event not in EVENTS:
            odd.append((f"event {shown(event)}", line_of(event)))
            found.append(Start(who=STRANGERS, event=shown(event), line=line_of(event)))
            continue
        found += _of_event(str(event), settings, line_of(event), odd)
    if not named:
        odd.append(("no event", 0))
    return Starts(starts=tuple(found), odd=tuple(odd))


def _of_event(event: str, settings: Any, line: int, odd: list[tuple[str, int]]) -> Iterator[Start]:  # noqa: ANN401
    who = EVENTS[event]
    options = mapping(settings)
    if who == STRANGERS:
        types = tuple(str(one) for one in listed(options.get("types"))) or USUAL_TYPES.get(event, ())
        kinds = tuple(literal(f"{event} {one}") for one in types) or (glob(f"{event}*"),)
        happens = Where(dimension="event", among=kinds)
        for refs in _refs(options, ("branches",), odd) if event in OF_BRANCHES else ((),):
            yield Start(who=who, event=event, where=(happens, *refs), line=line)
    elif event == "push":
        for refs in _refs(options, ("branches", "tags"), odd):
            yield Start(who=who, event=event, where=refs, line=line)
    else:
        yield Start(who=who, event=event, line=line)


def _refs(options: dict[str, Any], kinds: Sequence[str], odd: list[tuple[str, int]]) -> Iterator[tuple[Where, ...]]:
    """The refs that a filter lets through, one box each; one empty box where there is no filter."""
    named = [kind for kind in kinds if kind in options or f"{kind}-ignore" in options]
    if not named:
        yield ()
        return
    plain: list[Glob] = []
    for kind in named:
        prefix = "refs/heads/" if kind == "branches" else "refs/tags/"
        patterns = listed(options.get(kind))
        if kind in options and not any(shown(one).startswith("!") for one in patterns):
            plain += (_pattern(prefix, one, odd) for one in patterns)
        elif kind in options:
            yield from _included(prefix, patterns, odd)
        else:
            ignored = tuple(_pattern(prefix, one, odd) for one in listed(options[f"{kind}-ignore"]))
            whole = Where(dimension="ref", among=(glob(f"{prefix}*"),))
            yield (whole, Where(dimension="ref", among=ignored, negated=True)) if ignored else (whole,)
    if plain:
        yield (Where(dimension="ref", among=tuple(dict.fromkeys(plain))),)


def _included(prefix: str, patterns: Sequence[object], odd: list[tuple[str, int]]) -> Iterator[tuple[Where, ...]]:
    """The last pattern that matches decides; each positive one is a box without the negations behind it."""
    for at, one in enumerate(patterns):
        if shown(one).startswith("!"):
            continue
        behind = tuple(
            _pattern(prefix, Text(shown(other)[1:]), odd)
            for other in patterns[at + 1 :]
            if shown(other).startswith("!")
        )
        included = Where(dimension="ref", among=(_pattern(prefix, one, odd),))
        yield (included, Where(dimension="ref", among=behind, negated=True)) if behind else (included,)


def _pattern(prefix: str, written: object, odd: list[tuple[str, int]]) -> Glob:
    text = shown(written)
    if re.search(r"[?+\[\]\\]", text):
        odd.append((f"filter {text}", line_of(written)))
        return literal(prefix + text)
    return path(prefix + text)


def _lexemes(text: str) -> list[str]:
    """Operators and parentheses of conditions as they stand, all between them as one piece."""
    found: list[str] = []
    depth = 0
    for one in _LEXEME.findall(text):
        call = (
            one == "("
            and bool(found)
            and re.search(r"[\w]\s*$", found[-1]) is not None
            and found[-1] not in {"&&", "||"}
        )
        if depth or call:
            depth += (one == "(") - (one == ")")
            found[-1] += one
        elif one in {"&&", "||", "(", ")", "!"}:
            found.append(one)
        elif found and found[-1] not in {"&&", "||", "(", ")", "!"}:
            found[-1] += one
        elif one.strip():
            found.append(one)
    return found


Cases = list[frozenset[tuple[str, bool]]]
"""Alternatives, each a set of conditions with whether it must hold."""


class _TooManyCasesError(Exception):
    pass


class _Condition:
    """Reads `&&`, `||`, `!` and parentheses; everything else is one condition as it is written."""

    def __init__(self, text: str) -> None:
        self.parts = _lexemes(text)
        self.at = 0

    def _is(self, sign: str) -> bool:
        if self.at < len(self.parts) and self.parts[self.at] == sign:
            self.at += 1
            return True
        return False

    def either(self, *, holds: bool) -> Cases:
        found = self.both(holds=holds)
        while self._is("||"):
            other = self.both(holds=holds)
            found = _or(found, other) if holds else _and(found, other)
        return found

    def both(self, *, holds: bool) -> Cases:
        found = self.single(holds=holds)
        while self._is("&&"):
            other = self.single(holds=holds)
            found = _and(found, other) if holds else _or(found, other)
        return found

    def single(self, *, holds: bool) -> Cases:
        if self._is("!"):
            return self.single(holds=not holds)
        if self._is("("):
            found = self.either(holds=holds)
            if not self._is(")"):
                raise _TooManyCasesError
            return found
        if self.at >= len(self.parts) or self.parts[self.at] in {"&&", "||", ")"}:
            raise _TooManyCasesError
        self.at += 1
        return _atom(" ".join(self.parts[self.at - 1].split()), holds=holds)


def _atom(text: str, *, holds: bool) -> Cases:
    plain = text.lower()
    if plain == "true" or (holds and plain in {"always()", "success()"}):
        return [frozenset()] if holds else []
    if plain == "false":
        return [] if holds else [frozenset()]
    differs = re.fullmatch(r"([^=!<>]+?)\s*!=\s*([^=!<>]+)", text)
    if differs is not None:
        return [frozenset({(f"{differs[1]} == {differs[2]}", not holds)})]
    return [frozenset({(re.sub(r"\s*(==|>=|<=|>|<)\s*", r" \1 ", text), holds)})]


def _or(one: Cases, other: Cases) -> Cases:
    return list(dict.fromkeys([*one, *other]))


def _and(one: Cases, other: Cases) -> Cases:
    if len(one) * len(other) > MAX_CASES:
        raise _TooManyCasesError
    pairs = (left | right for left in one for right in other)
    return list(dict.fromkeys(each for each in pairs if not any((text, not holds) in each for text, holds in each)))


def cases_of(condition: object) -> Cases:
    """The alternatives of an `if:`; one that is not understood counts as one condition, as it is written."""
    if condition is None or (isinstance(condition, Text) and condition.empty):
        return [frozenset()]
    text = shown(condition)
    wrapped = _WRAPPED.match(text)
    inside = wrapped["inside"] if wrapped else text
    try:
        reading = _Condition(inside)
        found = reading.either(holds=True)
        if reading.at == len(reading.parts) and len(found) <= MAX_CASES:
            return found
    except _TooManyCasesError:
        pass
    return [frozenset({(" ".join(inside.split()), True)})]


def asks_success(condition: object) -> bool:
    """Whether a job waits for its `needs` to succeed: so unless its `if:` speaks of their outcome itself."""
    return condition is None or _STATUS.search(shown(condition)) is None


def guarded(start: Start, case: frozenset[tuple[str, bool]]) -> Start | None:
    """This start under one alternative of a condition; None where the event itself rules it out."""
    where = list(start.where)
    for text, holds in sorted(case):
        decided = _decided(text, start)
        if decided is not None:
            if decided is not holds:
                return None
            continue
        ref = _ref_in(text) if start.who == WRITERS else None
        if ref is not None:
            where.append(Where(dimension="ref", among=(ref,), negated=not holds))
        else:
            where.append(literals(f"if {text}", "holds" if holds else "fails"))
    return Start(who=start.who, event=start.event, where=tuple(dict.fromkeys(where)), line=start.line)


def _decided(text: str, start: Start) -> bool | None:
    event = _EVENT_IS.fullmatch(text)
    if event is None or start.event == "workflow_call" or start.who == CALLERS:
        return None
    return (start.event == event[2]) is (event[1] == "==")


def _ref_in(text: str) -> Glob | None:
    if (same := _REF_IS.fullmatch(text)) is not None:
        return literal(same[1])
    if (begins := _REF_BEGINS.fullmatch(text)) is not None:
        return glob(begins[1] + "*")
    if (name := _NAME_IS.fullmatch(text)) is not None:
        return literal(f"refs/heads/{name[1]}")
    return None
