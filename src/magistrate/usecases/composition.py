"""What a change comes to together with others by the same hands: what landed since people last agreed to the whole, and what is in flight.

All of it is judged as one change, from the state before the first of them to the state after the last
(R31, R32): a step that is harmless alone gets the class of what it completes.

Rule kept (invariant 4): the composed verdict only adds to what the change itself asks for. Two changes
in flight that write one file differently do not compose, and that alone asks for two people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from magistrate.domain.case import Case, Companion
from magistrate.domain.impact import FileChange, Strictness
from magistrate.domain.lifecycle import CaseState
from magistrate.errors import Unavailable
from magistrate.ports import GitReader, Unit
from magistrate.usecases.assess import Assessor, case_of
from magistrate.usecases.base_texts import context_of
from magistrate.wire.assessment import SensitivityVerdict, Verdict
from magistrate.wire.decision import Decision
from magistrate.wire.document import open_envelope
from magistrate.wire.effect import GitUpdate
from magistrate.wire.proposal import Proposal

WINDOW_SECONDS: Final = 30 * 24 * 3600
MAX_MEMBERS: Final = 1_000
IN_FLIGHT: Final = (
    CaseState.SEALED, CaseState.ASSESSING, CaseState.ASSESSED, CaseState.HELD, CaseState.IN_REVIEW, CaseState.CLEARED,
    CaseState.WARRANTED, CaseState.EXECUTING, CaseState.VERIFYING, CaseState.IN_DOUBT,
)  # fmt: skip
LANDED: Final = (CaseState.SUCCEEDED,)
CONFLICT: Final = (
    "two changes in flight by the same hands write this file differently, so nobody can say what both come to"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The files of one member."""

    changes: tuple[FileChange, ...]
    landed: bool


def members(unit: Unit, case: Case, deployment: str, now: int) -> tuple[Companion, ...]:
    """The others, oldest first: landed ones since people last agreed to the whole, and those in flight.

    Hands are the same where the agent or its owner is. Only changes of this repository and ref compose here.
    """
    found: list[Companion] = []
    for other in _by_the_same_hands(unit, case, now):
        landed = other.standing.state in LANDED
        proposal = open_envelope(unit.document(other.facts.proposal), Proposal, deployment=deployment).body
        if landed and _whole_was_agreed(unit, other, deployment):
            found = [one for one in found if not one.landed]
            continue
        if isinstance(proposal.effect, GitUpdate):
            diff = unit.payload(other.facts.proposal, "diff")
            found.append(
                Companion(
                    proposal=other.facts.proposal,
                    base_tree=proposal.effect.base_tree,
                    result_tree=proposal.effect.result_tree,
                    diff=diff,
                    landed=landed,
                )
            )
    return tuple(found[-MAX_MEMBERS:])


def _by_the_same_hands(unit: Unit, case: Case, now: int) -> list[Case]:
    facts = case.facts
    others = unit.companions(facts.agent, facts.owner, since=now - WINDOW_SECONDS, states=(*LANDED, *IN_FLIGHT))
    mine = [
        other
        for other in others
        if other.facts.proposal != facts.proposal
        and (other.facts.repository, other.facts.ref) == (facts.repository, facts.ref)
    ]
    return sorted(mine, key=lambda other: (other.standing.state not in LANDED, _when(other), other.facts.proposal))


def _when(case: Case) -> int:
    return case.standing.updated if case.standing.state in LANDED else case.facts.opened


def _whole_was_agreed(unit: Unit, case: Case, deployment: str) -> bool:
    """Whether people agreed to this one as the last step of a chain that asked for two of them."""
    decisions = unit.documents(Decision.NAME, case.facts.proposal)
    if not decisions:
        return False
    chain = open_envelope(decisions[-1], Decision, deployment=deployment).body.chain
    return chain is not None and chain.strictness is Strictness.TWO


def net_of(
    mine: Sequence[FileChange], parts: Sequence[Part], now: Callable[[str], bytes | None]
) -> tuple[tuple[FileChange, ...], tuple[str, ...]]:
    """All of it as one change, and the paths on which changes in flight contradict each other.

    Before: as it was before the first landed part wrote a file, else as it is now (`now` reads the
    current base). After: as this change leaves it, else as a change in flight would, else as it is now.
    """
    own = {change.path: change for change in mine}
    first: dict[str, FileChange] = {}
    flying: dict[str, FileChange] = {}
    torn: set[str] = set()
    for part in parts:
        for change in part.changes:
            if part.landed:
                first.setdefault(change.path, change)
            else:
                other = flying.setdefault(change.path, change)
                if (other.after, other.mode_after) != (change.after, change.mode_after):
                    torn.add(change.path)
    torn |= {path for path, change in flying.items() if path in own and own[path].after != change.after}
    found = (
        _net(path, first.get(path), own.get(path) or flying.get(path), now) for path in sorted({*own, *first, *flying})
    )
    return tuple(one for one in found if _differs(one)), tuple(sorted(torn))


def _net(
    path: str, first: FileChange | None, last: FileChange | None, now: Callable[[str], bytes | None]
) -> FileChange:
    shown = first or last
    assert shown is not None  # noqa: S101 - the path comes from one of them
    before, mode_before = shown.before, shown.mode_before
    if last is not None:
        return FileChange(
            path=path, before=before, after=last.after, mode_before=mode_before, mode_after=last.mode_after
        )
    current = now(path)
    mode = None if current is None else shown.mode_after or shown.mode_before
    return FileChange(path=path, before=before, after=current, mode_before=mode_before, mode_after=mode)


def _differs(change: FileChange) -> bool:
    return (change.before, change.mode_before) != (change.after, change.mode_after)


def judged_together(
    assessor: Assessor, git: GitReader, effect: GitUpdate, mine: Sequence[FileChange], parts: Sequence[Part]
) -> tuple[Verdict, ...]:
    """Verdicts of this change with what is in flight, and of all of it since the window's base; strictest of both counts.

    Raises:
        Unavailable: the assessor cannot judge.
    """

    def current(path: str) -> bytes | None:
        return git.read_path(effect.base_tree, path)

    questions = [[part for part in parts if not part.landed], list(parts)]
    verdicts: list[Verdict] = []
    asked: list[tuple[FileChange, ...]] = []
    for chosen in questions:
        if not chosen:
            continue
        net, torn = net_of(mine, chosen, current)
        if not net or net in asked:
            continue
        asked.append(net)
        case = {**case_of(net, "chain"), "context": _context(git, effect.base_tree)}
        verdicts.append(_torn(_verdict(assessor.of_case(case).verdict), torn))
    return tuple(verdicts)


def _context(git: GitReader, tree: str) -> Mapping[str, Any]:
    return context_of(git, tree)


def _verdict(found: Mapping[str, Any]) -> Verdict:
    try:
        return msgspec.convert(found, Verdict, strict=True)
    except msgspec.ValidationError as error:
        raise Unavailable("MAG-E468", f"the verdict has another shape: {error}") from error


def _torn(verdict: Verdict, torn: Iterable[str]) -> Verdict:
    """Two people for what does not compose."""
    extra = tuple(SensitivityVerdict(kind="unknown", path=path, line=0, why=CONFLICT) for path in torn)
    if not extra:
        return verdict
    level = Strictness.DENY if verdict.strictness is Strictness.DENY else Strictness.TWO
    return msgspec.structs.replace(
        verdict, sensitivities=(*verdict.sensitivities, *extra), strictness=level, auto_eligible=False
    )
