"""Assessing many changes: the same verdicts as one by one, with few runs of the assessor and on both cores.

Rule kept (R25): a change that cannot be judged costs its own verdict and no other; verdicts come in
the order of the changes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import local
from typing import Any, Final

from magistrate.errors import MagistrateError, NotFound, Unavailable
from magistrate.ports import GitReader
from magistrate.usecases.assess import Assessed, Assessor, case_of, question
from magistrate.usecases.base_texts import BaseTexts, Texts
from magistrate.usecases.evidence import Ran, make_runs
from magistrate.usecases.history import Histories
from magistrate.usecases.judging import Answer

AT_ONCE: Final = 2
CHUNK: Final = 48
"""Changes for one run of the assessor; its start costs as much as about ten of them."""
MAX_CHUNK_TEXT: Final = 48_000_000
"""Characters of base texts that one run is told of."""

Verdict = Assessed | MagistrateError


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What lies between two trees of a repository; `name` goes into the verdict, `commit` is the base commit."""

    name: str
    base_tree: str
    result_tree: str
    commit: str | None = None


@dataclass(kw_only=True)
class _Open:
    """One change on its way to a verdict."""

    case: dict[str, Any]
    answer: Answer | None = None
    base: BaseTexts | None = None
    runs: tuple[Ran, ...] = ()
    notes: tuple[str, ...] = ()
    told: tuple[str, ...] = ()

    @property
    def reply(self) -> Mapping[str, Any]:
        """The last answer, where there is one; else nothing is wanted any more."""
        return self.answer if isinstance(self.answer, dict) else {}

    def verdict(self) -> Verdict:
        """How it ended."""
        if isinstance(self.answer, MagistrateError):
            return self.answer
        found = self.reply.get("assessment")
        if not isinstance(found, dict):
            return Unavailable("MAG-E253", "the assessor's reply has no assessment")
        return Assessed(verdict=found, evidence=self.runs, notes=(*self.told, *self.notes))


@dataclass(kw_only=True)
class ManyChanges:
    """Judges changes of one repository, in their order."""

    assessor: Assessor
    git: GitReader
    _own: local = field(default_factory=local)

    def judge(self, changes: Iterable[Change]) -> Iterator[tuple[Change, Verdict]]:
        """Each change with its verdict, or with why it has none."""
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            waiting: deque[tuple[list[Change], Future[list[Verdict]]]] = deque()
            for chunk in _chunks(changes):
                waiting.append((chunk, pool.submit(self._chunk, chunk)))
                if len(waiting) > AT_ONCE:
                    yield from _ended(*waiting.popleft())
            while waiting:
                yield from _ended(*waiting.popleft())

    def _chunk(self, changes: Sequence[Change]) -> list[Verdict]:
        texts: Texts = self._own.__dict__.setdefault("texts", Texts(git=self.git))
        texts.trim()
        opened = [self._opened(change) for change in changes]
        self._ask([one for one in opened if one.answer is None], texts)
        wanting = [(one, c) for one, c in zip(opened, changes, strict=True) if one.reply.get("context_wanted")]
        for part in _by_text(wanting, texts):
            self._ask(part, texts)
            self._with_runs(part, texts)
        return [one.verdict() for one in opened]

    def _opened(self, change: Change) -> _Open:
        try:
            changes = self.git.changes(change.base_tree, change.result_tree)
            one = _Open(case=case_of(changes, change.name))
            if change.commit is not None:
                known: Histories = self._own.__dict__.setdefault("histories", Histories(git=self.git))
                earlier, one.told = known.facts(change.commit, change.base_tree, change.result_tree, changes)
                one.case |= {} if earlier is None else {"context": {"earlier": earlier}}
        except MagistrateError as error:
            return _Open(case={}, answer=error)
        return one

    def _ask(self, opened: Sequence[_Open], texts: Texts) -> None:
        if not opened:
            return
        names = {name for one in opened if one.base is not None for name in one.base.named.values()}
        requests = [question(_with_context(one), one.runs) for one in opened]
        told = {name: texts.text(name) for name in names}
        for one, answer in zip(opened, self.assessor.judge.ask_many(requests, told), strict=True):
            one.answer = answer

    def _with_runs(self, opened: Sequence[_Open], texts: Texts) -> None:
        """Tool runs that were asked for, and the answers with them."""
        again = []
        for one in opened:
            wanted = one.reply.get("evidence_wanted") or []
            if wanted and one.base is not None:
                files = {path: texts.text(name) for path, name in one.base.named.items()}
                told = one.case.get("context", {})
                case = {
                    **one.case,
                    "context": {**told, "files": files, "complete": one.base.complete, **one.base.beside()},
                }
                one.runs, one.notes = make_runs(self.assessor.sandbox, self.assessor.tools, case, wanted)
                again += [one] if one.runs else []
        self._ask(again, texts)


def _with_context(one: _Open) -> dict[str, Any]:
    if one.base is None:
        return one.case
    told = one.case.get("context", {})
    base = {"named": one.base.named, "complete": one.base.complete, **one.base.beside()}
    return {**one.case, "context": {**told, **base}}


def _by_text(wanting: Sequence[tuple[_Open, Change]], texts: Texts) -> Iterator[list[_Open]]:
    """Changes in order, as many together as one run can be told the base texts of."""
    part: list[_Open] = []
    names: dict[str, int] = {}
    for one, change in wanting:
        try:
            one.base = texts.of_tree(change.base_tree)
        except MagistrateError as error:
            one.answer = error
            continue
        own = {name: len(texts.text(name)) for name in one.base.named.values()}
        if part and sum((names | own).values()) > MAX_CHUNK_TEXT:
            yield part
            part, names = [], {}
        part.append(one)
        names |= own
    if part:
        yield part


def _chunks(changes: Iterable[Change]) -> Iterator[list[Change]]:
    chunk: list[Change] = []
    for change in changes:
        chunk.append(change)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _ended(chunk: Sequence[Change], future: Future[list[Verdict]]) -> Iterator[tuple[Change, Verdict]]:
    yield from zip(chunk, future.result(), strict=True)


def changes_of(git: GitReader, revisions: str, limit: int) -> tuple[tuple[Change, str], ...]:
    """The commits of a range with their titles; one without a parent is left out.

    Raises:
        NotFound: MAG-E251 where none is left.
    """
    rows = git.history(revisions, limit)
    found = tuple(
        (Change(name=row.commit, base_tree=row.parent_tree, result_tree=row.tree, commit=row.parent), row.title)
        for row in rows
        if row.parent_tree is not None
    )
    if not found:
        raise NotFound("MAG-E251", f"there is no commit with a parent in `{revisions[:80]}`")
    return found
