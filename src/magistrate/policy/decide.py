"""Decide: verdict, policy and place in; strictness, obligations and reasons out.

Deterministic, without clock, network or state, so that the executor recomputes it byte-equal
(R42). The floor is joined over whatever policy says and only adds; nothing is automatic.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from magistrate.authority.floor import Ground, floor_ruling
from magistrate.authority.obligations import joined
from magistrate.domain.impact import Strictness, stricter
from magistrate.errors import MagistrateError, Refused
from magistrate.policy.bundle import Rule, compile_bundle
from magistrate.policy.evaluate import evaluate
from magistrate.policy.facts import Question, read_question
from magistrate.policy.lint import lint
from magistrate.policy.selftest import verify_vectors
from magistrate.wire.decision import Obligation, Reason

SOLO_RULE = "floor/solo"


def decide(request: Mapping[str, Any]) -> dict[str, Any]:
    """Decide one change; the `decide` mode of the judge.

    Input: `{verdict, policy, action, environment, production, solo, repository, agent,
    provenance, context_gaps}`, all required (`v` and `mode` of the judge's frame are ignored). Output: `{strictness, obligations, reasons}` in
    the shapes of a Decision. Never raises for bad input: what cannot be judged is denied, with
    the reason.
    """
    facts = {name: value for name, value in request.items() if name not in {"v", "mode"}}
    try:
        outcome = _decide(read_question(facts))
    except MagistrateError as error:
        outcome = _denied(error.code, error.message)
    except ValueError as error:
        outcome = _denied("MAG-E433", f"the policy engine failed: {str(error)[:200]}")
    return outcome


def _decide(question: Question) -> dict[str, Any]:
    compiled = compile_bundle(question.policy)
    complaints = lint(compiled)
    if complaints:
        raise Refused("MAG-E434", complaints[0])
    verify_vectors(compiled, question.policy)
    answer = evaluate(compiled, question)
    floor = floor_ruling(
        question.verdict,
        Ground(production=question.production, solo=question.solo, same_user_walls=True, drilled=False, weak=()),
    )
    level = stricter(floor.strictness, answer.strictness)
    asked = [_obligation(rule, solo=question.solo) for rule in answer.rules if not rule.denies]
    obligations = joined([*asked, *floor.obligations])
    if level is Strictness.DENY:
        obligations = ()
    reasons = [_reason(rule) for rule in answer.rules]
    if question.solo:
        reasons.append(_solo_reason())
    return _outcome(level, obligations, [*reasons, *floor.reasons])


def _obligation(rule: Rule, *, solo: bool) -> Obligation:
    """In solo one person holds every role; how often it agrees says nothing more."""
    return Obligation(role=rule.role, count=1 if solo else rule.count, rule=f"policy/{rule.rule}")


def _reason(rule: Rule) -> Reason:
    who = rule.role or "any reviewing role"
    wants = "refuses it" if rule.denies else f"asks for {rule.count} of {who}"
    return Reason(
        rule=f"policy/{rule.rule}", source=f"policy:{rule.file}", why=f"{wants}: {rule.why}", relax=rule.relax
    )


def _solo_reason() -> Reason:
    return Reason(
        rule=SOLO_RULE, source="floor", why="one person owns everything here; more is not executed",
        relax="a team: give others keys and roles in the roster",
    )  # fmt: skip


def _denied(code: str, why: str) -> dict[str, Any]:
    reason = Reason(rule="floor/undecidable", source=code, why=why[:4000], relax="mend the fact or the policy")
    return _outcome(Strictness.DENY, (), [reason])


def _outcome(level: Strictness, obligations: tuple[Obligation, ...], reasons: list[Reason]) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins({"strictness": level, "obligations": obligations, "reasons": reasons})
    return made
