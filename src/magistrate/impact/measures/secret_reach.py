"""What the secrets that a change touches open, and who uses them (R36).

A secret is touched where a name of one is added, removed or renamed, or where what stands around it is another thing.
Who uses it is read from the base tree and from the change itself (`impact/reach/consumers.py`), on either side of it:
what was not changed along still uses the old one. What it opens is what the base declares (`reach.secrets` in
`.magistrate.yml`).

Rule kept: this only adds. What nobody declared opens `unknown`, which makes the radius the largest; a text that cannot
be read may touch any secret. Files that are proven to be words or layout touch none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from magistrate.domain.impact import BlastRadius, ChangeClass, FileImpact, ProofStatus, SecretReach
from magistrate.impact.base import PROSE, BaseTree, ChangedFile
from magistrate.impact.join import alike
from magistrate.impact.reach.consumers import MAX_TEXT, UNKNOWN, Texts
from magistrate.impact.reach.declared import map_in
from magistrate.impact.reach.secrets import ANY, Named, named_in

MAX_ROWS: Final = 60
Row = tuple[str, str, int]


def secret_reach(
    files: Sequence[FileImpact], steps: Sequence[Sequence[ChangedFile]], base: BaseTree
) -> tuple[SecretReach, ...]:
    """Every secret that a change touches, by path, line and name."""
    quiet = alike(files)
    locks = {
        one.path
        for one in files
        if one.proof.status is ProofStatus.PROVEN and one.change_class is ChangeClass.DEPENDENCY
    }
    touched: set[Row] = set()
    for step in steps:
        for file in step:
            if file.path not in quiet | locks and not file.binary and not PROSE.search(file.path):
                touched |= set(_touched(file))
    if not touched:
        return ()
    texts = Texts(states=_states(steps, base), known=base.known)
    declared = map_in(base.files)
    opened = declared.secrets if declared is not None else {}
    told = sorted(touched, key=lambda row: (row[0], row[2], row[1]))
    ways = {name: (texts.users_of(name), texts.opened_by(name, opened)) for name in {row[1] for row in told[:MAX_ROWS]}}
    rows = [
        SecretReach(name=name, path=path, line=line, consumers=ways[name][0], opens=ways[name][1])
        for path, name, line in told[:MAX_ROWS]
    ]
    if len(told) > MAX_ROWS:  # those that are not listed, whatever they open
        rows.append(SecretReach(name=ANY, path=told[MAX_ROWS][0], line=0, consumers=(UNKNOWN,), opens=(UNKNOWN,)))
    return tuple(rows)


def widened(radius: BlastRadius, rows: Sequence[SecretReach]) -> BlastRadius:
    """A radius with what the secrets open; not complete where nobody can say that."""
    opens = {one for row in rows for one in row.opens}
    if not opens:
        return radius
    services = tuple(sorted({*radius.services, *(opens - {UNKNOWN})}))
    if UNKNOWN not in opens:
        return replace(radius, services=services)
    name = next(row.name for row in rows if UNKNOWN in row.opens)
    why = radius.why or f"nobody declares what the secret `{name[:80]}` opens"
    return replace(radius, services=services, complete=False, why=why)


def _touched(file: ChangedFile) -> Iterator[Row]:
    """Path, name and line of each secret that stands there on one side only; once for a name and a file."""
    if max(len(file.before), len(file.after)) > MAX_TEXT:
        yield file.path, ANY, 0
        return
    before, after = (named_in(file.path, text) for text in (file.before, file.after))
    first: dict[str, int] = {}
    for one in (*_more(after, before), *_more(before, after)):
        first.setdefault(one.name, one.line)
    yield from ((file.path, name, line) for name, line in first.items())


def _more(these: Sequence[Named], those: Sequence[Named]) -> Iterator[Named]:
    """What stands more often among these than among those."""
    left = Counter((one.name, one.text) for one in those)
    for one in these:
        if left[one.name, one.text] > 0:
            left[one.name, one.text] -= 1
        else:
            yield one


def _states(steps: Sequence[Sequence[ChangedFile]], base: BaseTree) -> list[Mapping[str, str]]:
    """The base as it is, and each step's files as they come out: who uses a secret on either side uses it."""
    return [
        base.files,
        {file.path: file.before for step in reversed(steps) for file in step},
        *({file.path: file.after for file in step} for step in steps),
    ]
