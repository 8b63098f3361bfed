"""Facts: what a policy may speak about, drawn strictly from a verdict and the place.

Rule kept (R39): a fact that is missing, null, of another type or unknown never becomes a
default; decoding refuses, and a refusal to decide is a denial.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from magistrate.authority.floor import REVERSIBLE, classes_of
from magistrate.domain.execution import Action
from magistrate.domain.gaps import bears
from magistrate.domain.impact import ChangeClass
from magistrate.domain.principal import Role
from magistrate.errors import Refused
from magistrate.policy.bundle import ANYONE
from magistrate.wire.assessment import PrivilegeVerdict, Verdict
from magistrate.wire.document import Line, Name
from magistrate.wire.policy_bundle import PolicyBundle
from magistrate.wire.proposal import Provenance

MAX_COUNTED: Final = 1_000_000_000
_WIDER: Final = frozenset({"widened", "incomparable"})
_KNOWN: Final = frozenset({"widened", "narrowed", "unchanged", "incomparable"})


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a decision is asked about. Everything is required; there are no defaults."""

    verdict: Verdict
    policy: PolicyBundle
    action: Action
    environment: Name
    production: bool
    solo: bool
    repository: Name
    agent: Name
    provenance: Provenance
    context_gaps: tuple[Line, ...]


def read_question(request: dict[str, Any]) -> Question:
    """Decode a question strictly.

    Raises:
        Refused: MAG-E432 naming the first fact that is missing, unknown or of another type.
    """
    try:
        return msgspec.convert(request, Question, strict=True)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Refused("MAG-E432", f"a fact is not usable: {error}") from error


def facts_of(question: Question, approvals: dict[str, int]) -> dict[str, Any]:
    """The Cedar context for a question with so many approvals.

    Raises:
        Refused: MAG-E432 for a number outside the permitted range.
    """
    verdict = question.verdict
    sensitive = {ChangeClass(s.kind) for s in verdict.sensitivities}
    return {
        "approvals": approvals,
        "action": question.action.value,
        "classes": [_entity(kind) for kind in sorted(classes_of(verdict))],
        "sensitivities": [_entity(kind) for kind in sorted(sensitive)],
        "assessed": verdict.strictness.value,
        "privilege_widened": any(p.verdict in _WIDER for p in verdict.privilege),
        "privilege_unknown": any(not _understood(p) for p in verdict.privilege),
        "environment": question.environment,
        "production": question.production,
        "solo": question.solo,
        "files": _bounded("files", len(verdict.files)),
        "blast_radius": _radius(verdict.blast_radius),
        "reversible": verdict.reversible == REVERSIBLE,
        "complete": not _gaps_here(question) and bool(verdict.files) and bool(verdict.classes),
        "observed": question.provenance is Provenance.OBSERVED,
        "repository": question.repository,
        "agent": question.agent,
        "paths": sorted(f.path for f in verdict.files),
    }


def no_approvals() -> dict[str, int]:
    """Zero approvals of every kind."""
    return {ANYONE: 0, **{role.value: 0 for role in Role}}


def _gaps_here(question: Question) -> bool:
    """Whether something that the agent did not get whole bears on this change."""
    paths = {file.path for file in question.verdict.files}
    return any(bears(gap, paths) for gap in question.context_gaps)


def _understood(privilege: PrivilegeVerdict) -> bool:
    return privilege.verdict in _KNOWN


def _radius(measured: dict[str, Any]) -> int:
    """The largest number or the longest list that the measure names; what is incomplete or no sane number is huge.

    A list of names counts by its length, a text (a reason) counts for nothing, and everything else that is no
    whole number within bounds, a missing number or `complete` that is not the truth value true, makes it huge.
    """
    if measured.get("complete") is not True:
        return MAX_COUNTED
    counted = [measured.get("files"), measured.get("dependents")]
    for name, value in measured.items():
        if isinstance(value, list):
            counted.append(len(value) if all(isinstance(one, str) for one in value) else None)
        elif name not in {"complete", "why", "files", "dependents"}:
            counted.append(value)
    sane = [n for n in counted if isinstance(n, int) and not isinstance(n, bool) and 0 <= n <= MAX_COUNTED]
    return max(sane) if len(sane) == len(counted) else MAX_COUNTED


def _bounded(what: str, number: int) -> int:
    if not 0 <= number <= MAX_COUNTED:
        raise Refused("MAG-E432", f"the number of {what} is out of range")
    return number


def _entity(kind: ChangeClass) -> dict[str, dict[str, str]]:
    return {"__entity": {"type": "Magistrate::ChangeClass", "id": kind.value}}
