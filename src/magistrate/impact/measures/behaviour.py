"""What a change does to a running system (R29): one entry for each thing that can be named.

Rule kept: nothing is said of a file only where a proof holds that it does nothing: layout, comments, documentation,
tests, or what a tool rewrites without changing the program. Every other changed file has at least one
entry, an `other` one where nothing can be named. Entries are for people; they lower and raise nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from magistrate.domain.impact import BehaviourChange, ChangeClass, FileChange, FileImpact, ProofStatus, Sensitivity
from magistrate.impact.base import ChangedFile
from magistrate.impact.behaviour.facts import MASKED, Found, Kind, both_shown, quiet_name, shown
from magistrate.impact.behaviour.readers import read
from magistrate.impact.compiled import rx
from magistrate.impact.testing.collection import is_test_name

EQUAL: Final = frozenset(
    {ChangeClass.FORMATTING, ChangeClass.COMMENTS, ChangeClass.DOCS, ChangeClass.TESTS, ChangeClass.LINT}
)
"""Classes whose proof says that a running system does the same before and after."""
LOCKS: Final = rx(r"(?:\.lock|\.sum|-lock\.(?:json|ya?ml)|\.lockfile|\.lockb|shrinkwrap\.json)\Z")
MAX_PER_FILE: Final = 30
MAX_BYTES: Final = 1_000_000
NAMED_LINES: Final = 5
NAMED_PLACES: Final = 3
TESTS: Final = rx(
    r"(?:^|/)(?:tests?|__tests__|spec|testdata|src/test)/|[._-](?:test|tests|spec)\.\w+\Z|[a-z0-9]Tests?\.(?:java|kt|cs|php|swift|scala)\Z|"
    r"(?:^|/)(?:test_|spec_)[^/]*\Z"
)
"""Names of tests in many languages: what they check is no matter of a running system."""
TYPES: Final = "typescript-types/"
"""The rule of a proof that leaves a program as it is and says other things to whoever compiles against it."""
NUMBER: Final = rx(r"-?[\d._]{1,7}[a-z%]{0,3}|true|false|null|none|nil", re.IGNORECASE)
PLAIN: Final = rx(r"[\w.%() -]{0,15}")
"""All that is quoted of a file in which a secret stands: a value may reach over more lines than its first."""
VERSION: Final = rx(
    r"[~^<>=! ]{0,4}v?\d+(?:\.\d+){1,3}(?:-[0-9a-z.]{1,8})?(?:[.-]\d{14}-[0-9a-f]{12})?(?:\+incompatible)?"
)
"""The version of a dependency, that of a commit of Go among them."""
PIN: Final = rx(r"\.(?:uses|image)`\Z")
PINNED: Final = rx(r"[\w.-]+(?:/[\w.-]+)+(?:@(?:sha256:[0-9a-f]{64}|[0-9a-f]{40}|v?[\d.]{1,12})|:v?[\d.]{1,12})")
"""An action or image by its digest or version: digits that look like a key and are a public name."""
ORDER: Final = tuple(Kind)


def behaviour(
    files: Sequence[FileImpact], steps: Sequence[Sequence[ChangedFile]], sensed: Iterable[Sensitivity]
) -> tuple[BehaviourChange, ...]:
    """Entries by path and line; empty only where every file is proven to do nothing."""
    equal = {one.path for one in files if _equal(one)}
    secret: dict[str, set[int]] = {}
    for found in sensed:
        if found.kind is ChangeClass.SECRETS and not found.why.startswith("reads the environment"):
            whole = found.why.startswith("files of this kind") or "by its environment" in found.why
            secret.setdefault(found.path, set()).add(0 if whole else found.line)
    touched: dict[str, list[ChangedFile]] = {}
    for step in steps:
        for file in step:
            touched.setdefault(file.path, []).append(file)
    entries: list[BehaviourChange] = []
    for path in sorted(touched.keys() - equal):
        entries += _of_file(touched[path], secret.get(path, set()))
    return tuple(entries)


def _equal(one: FileImpact) -> bool:
    """Whether a proof says that nothing is another; other types are told, since whoever uses the code meets them."""
    proven = one.proof.status is ProofStatus.PROVEN and one.change_class in EQUAL
    return proven and not one.proof.rule.startswith(TYPES)


def _of_file(changes: Sequence[ChangedFile], secret: set[int]) -> list[BehaviourChange]:
    """Of a chain that joins, from its first side to its last; of a torn one, each step."""
    if len(changes) > 1 and _joins(changes):
        first, last = changes[0].change, changes[-1].change
        if (first.before, first.mode_before) == (last.after, last.mode_after):
            return [_other(changes[0], "changes, and changes back in a later step")]
        net = FileChange(
            path=first.path, before=first.before, after=last.after,
            mode_before=first.mode_before, mode_after=last.mode_after,
        )  # fmt: skip
        changes = [ChangedFile(change=net)]
    entries = [entry for file in changes for entry in _entries(file, secret)]
    return list(dict.fromkeys(entries))


def _joins(changes: Sequence[ChangedFile]) -> bool:
    return all(
        (a.change.after, a.change.mode_after) == (b.change.before, b.change.mode_before) for a, b in pairwise(changes)
    )


def _entries(file: ChangedFile, secret: set[int]) -> Iterator[BehaviourChange]:
    change = file.change
    if change.before is not None and change.after is not None and change.mode_before != change.mode_after:
        why = "the mode of the file"
        before, after = str(change.mode_before), str(change.mode_after)
        yield BehaviourChange(kind=Kind.OTHER, path=file.path, line=0, before=before, after=after, why=why)
        if change.before == change.after:
            return
    unread = _unread(file)
    if unread is not None:
        yield _other(file, unread)
        return
    named = read(file)
    made = sorted({_entry(file.path, one, secret) for one in named.found}, key=_place)
    yield from made[:MAX_PER_FILE]
    if len(made) > MAX_PER_FILE:
        yield _other(file, f"changes {len(made) - MAX_PER_FILE} more things that are not listed")
    elif not made:
        yield _other(file, _unnamed(file, named.places))


def _place(one: BehaviourChange) -> tuple[int, int, str, str, str]:
    return (one.line, ORDER.index(Kind(one.kind)), one.why, one.before or "", one.after or "")


def _entry(path: str, one: Found, secret: set[int]) -> BehaviourChange:
    before, after = both_shown(one.before, one.after)
    if quiet_name(one.what) or not all(_quotable(one, side, secret) for side in (one.before, one.after)):
        before, after = (None if side is None else MASKED for side in (before, after))
    line = one.lines[1] or one.lines[0]
    return BehaviourChange(kind=one.kind, path=path, line=line, before=before, after=after, why=shown(one.what))


def _quotable(one: Found, value: str | None, secret: set[int]) -> bool:
    """Whether a value is no secret: a number, a public name, or far from what the secrets sensor looks at."""
    if value is None or not secret or NUMBER.fullmatch(value):
        return True
    if (PIN.search(one.what) and PINNED.fullmatch(value)) or (one.kind is Kind.OTHER and VERSION.fullmatch(value)):
        return True
    return PLAIN.fullmatch(value) is not None and 0 not in secret and secret.isdisjoint(one.lines)


def _unread(file: ChangedFile) -> str | None:
    """Why no reader looks at a file; what can be named in a test is no matter of a running system."""
    change = file.change
    if file.binary:
        return "is not text: what it does cannot be read"
    if {change.mode_before, change.mode_after} & {"120000", "160000", "040000"}:
        return "is a link or a repository of its own: what it points to changes"
    if max(len(change.before or b""), len(change.after or b"")) > MAX_BYTES:
        return "is too large to be read"
    if LOCKS.search(file.name):
        return "pins other versions of dependencies"
    if is_test_name(file.path.rsplit("/", 1)[-1]) or TESTS.search(file.path):
        return "looks like a test, and it is not proven that it is no more than that"
    return None


def _unnamed(file: ChangedFile, places: Sequence[str]) -> str:
    lines = [str(number) for number in sorted({line.number for line in file.lines if line.text.strip()})]
    first = ", ".join(f"`{shown(place)}`" for place in places[:NAMED_PLACES])
    inside = first + (f" and {len(places) - NAMED_PLACES} more" if len(places) > NAMED_PLACES else "")
    said = f"line{'s' if len(lines) > 1 else ''} {', '.join(lines[:NAMED_LINES])}"
    said += f" and {len(lines) - NAMED_LINES} more" if len(lines) > NAMED_LINES else ""
    if file.change.before is None:
        return f"is new, with {len(lines)} lines that are not named here"
    if file.change.after is None:
        return f"is gone, with {len(lines)} lines that are not named here"
    what = f"changes {inside} in ways" if inside else "changes in ways"
    return f"{what} that are not named here ({said})" if lines else f"{what} that are not named here"


def _other(file: ChangedFile, why: str) -> BehaviourChange:
    line = next((line.number for line in file.lines if line.added), 0)
    return BehaviourChange(kind=Kind.OTHER, path=file.path, line=line, before=None, after=None, why=why)
