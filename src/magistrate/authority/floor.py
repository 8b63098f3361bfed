"""The floor: what no policy can relax.

Rule kept (invariant 5): the floor only adds. It is applied after policy by control, and
again by executor and gate, which do not believe control.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from magistrate.domain.impact import LOW, SENSITIVE, ChangeClass, Strictness, stricter, strictness_of
from magistrate.domain.principal import OWNING_ROLE, Role
from magistrate.wire.assessment import Verdict
from magistrate.wire.decision import Obligation, Reason

REVERSIBLE: Final = "yes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is true of the place where the change would land.

    `weak` says why its boundaries do not hold (`authority.estate.weak_because`); empty where they do.
    """

    production: bool
    solo: bool
    same_user_walls: bool
    drilled: bool
    weak: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorRuling:
    """The least that is asked, with the reasons."""

    strictness: Strictness
    obligations: tuple[Obligation, ...]
    reasons: tuple[Reason, ...]


def classes_of(verdict: Verdict) -> frozenset[ChangeClass]:
    """Every class the verdict mentions, from its files, its sensitivities and its own list."""
    kinds = {ChangeClass(s.kind) for s in verdict.sensitivities}
    return frozenset(verdict.classes) | kinds | {f.change_class for f in verdict.files}


def floor_ruling(verdict: Verdict, ground: Ground) -> FloorRuling:
    """Compute the least strictness and the least obligations for a verdict.

    Nothing is automatic here: `auto` becomes one approval, for which a promotion may stand in
    (`authority.promotion`); none exists on a fresh install.
    """
    reasons: list[Reason] = []
    level = stricter(Strictness.ONE, verdict.strictness)
    for kind in sorted(classes_of(verdict)):
        level = stricter(level, strictness_of(kind))
    for file in verdict.files:
        level = stricter(level, file.asks)
    if not verdict.files or not verdict.classes:
        level = stricter(level, Strictness.TWO)
        reasons.append(_reason("floor/empty", "an empty change proves nothing"))
    if verdict.denials:
        level = Strictness.DENY
        reasons += [_reason(f"floor/{d.kind}", f"{d.path}:{d.line} {d.why}") for d in verdict.denials]
    if verdict.reversible != REVERSIBLE:
        level = stricter(level, Strictness.TWO)
        reasons.append(_reason("floor/irreversible", "it cannot be undone by the rehearsed inverse"))
    if ground.production:
        reasons.append(_reason("floor/production", "production never changes without a person"))
    reasons.append(
        _reason("floor/nothing-automatic", "people are asked, unless two of them have promoted what it is proven to be")
    )
    return FloorRuling(strictness=level, obligations=_obligations(verdict, level, ground), reasons=tuple(reasons))


def not_executable_because(verdict: Verdict, ground: Ground, also: Iterable[ChangeClass] = ()) -> tuple[str, ...]:
    """Why an approved change must end APPROVED_NOT_EXECUTED; empty when it may execute.

    `also` are the classes of what it completes together with others by the same hands.

    R85: without passed drills only the low classes execute. Solo: only what is reversible,
    not production and not sensitive. Same-user walls: nothing in production. R64, R67: where an account is shared
    or a credential reaches more than its action, nothing at all.
    """
    kinds = classes_of(verdict) | frozenset(also)
    why = [f"this place is for analysis only: {reason}" for reason in ground.weak]
    if not ground.drilled and not kinds <= LOW:
        beyond = ", ".join(sorted(kinds - LOW))
        why.append(f"the drills have not passed for this repository and environment, and {beyond} is not a low class")
    if ground.solo and kinds & SENSITIVE:
        why.append(f"one person alone may not execute a sensitive change ({', '.join(sorted(kinds & SENSITIVE))})")
    if ground.solo and verdict.reversible != REVERSIBLE:
        why.append("one person alone may not execute what cannot be undone")
    if ground.solo and ground.production:
        why.append("one person alone may not execute in production")
    if ground.production and ground.same_user_walls:
        why.append("all processes run as the same user, so no environment counts as production")
    return tuple(why)


def _obligations(verdict: Verdict, level: Strictness, ground: Ground) -> tuple[Obligation, ...]:
    if ground.solo:
        return (Obligation(role=None, count=1, rule="floor/solo"),)
    count = 1 if level is Strictness.ONE else 2
    asked = [Obligation(role=None, count=count, rule=f"floor/{level}")]
    if level is not Strictness.ONE:
        roles = {OWNING_ROLE[kind] for kind in classes_of(verdict) if kind in OWNING_ROLE}
        asked += [
            Obligation(role=role, count=1, rule=f"floor/owning-role-{role}")
            for role in sorted(roles or {Role.REVIEWER})
        ]
    return tuple(asked)


def _reason(rule: str, why: str) -> Reason:
    return Reason(rule=rule, source="floor", why=why, relax="nothing: this is code, not policy")
