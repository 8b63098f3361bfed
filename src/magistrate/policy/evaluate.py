"""Evaluation: which rules ask for what, by Cedar, failing closed.

One unconditional permit and only forbids after it: with no approval given, the forbids that
hold are exactly the unmet obligations. Rule kept (R39): the schema is always passed, the
entities are always supplied, and any diagnostic error, any answer but the two understood
ones (denied by known rules; allowed once they are met) is a denial.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cedarpy

from magistrate.domain.impact import Strictness
from magistrate.errors import Refused
from magistrate.policy.bundle import ANYONE, BASE_RULE, Compiled, Rule
from magistrate.policy.facts import Question, facts_of, no_approvals

_EXECUTOR: Final = {"type": "Magistrate::Executor", "id": "executor"}
_PROPOSAL: Final = {"type": "Magistrate::Proposal", "id": "proposal"}
_ENTITIES: Final[list[dict[str, Any]]] = [
    {"uid": _EXECUTOR, "attrs": {}, "parents": []},
    {"uid": _PROPOSAL, "attrs": {}, "parents": []},
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What policy asks for: the rules that hold, and the strictness that follows."""

    strictness: Strictness
    rules: tuple[Rule, ...]


def evaluate(compiled: Compiled, question: Question) -> Answer:
    """Ask Cedar with no approvals, then again with exactly those it asked for.

    Raises:
        Refused: MAG-E433 when the engine reports an error or gives an answer that the rules
            do not explain.
    """
    allowed, names = _ask(compiled, question, no_approvals())
    if allowed:
        return Answer(strictness=Strictness.AUTO, rules=())
    asked = tuple(compiled.rules[name] for name in names)
    if any(rule.denies for rule in asked):
        return Answer(strictness=Strictness.DENY, rules=asked)
    enough = no_approvals()
    for rule in asked:
        who = rule.role.value if rule.role else ANYONE
        enough[who] = max(enough[who], rule.count)
    allowed, left = _ask(compiled, question, enough)
    if not allowed:
        raise Refused("MAG-E433", f"the rule `{left[0]}` stays unmet although what it asks for is given")
    needed = max(rule.count for rule in asked) if asked else 0
    owners = any(rule.role is not None for rule in asked)
    level = Strictness.TWO if needed > 1 or owners else Strictness.ONE
    return Answer(strictness=level, rules=asked)


def _ask(compiled: Compiled, question: Question, approvals: dict[str, int]) -> tuple[bool, list[str]]:
    request = {
        "principal": _EXECUTOR,
        "action": {"type": "Magistrate::Action", "id": "execute"},
        "resource": _PROPOSAL,
        "context": facts_of(question, approvals),
    }
    result = cedarpy.is_authorized(request, compiled.policies, _ENTITIES, compiled.schema)
    errors, reasons = result.diagnostics.errors, result.diagnostics.reasons
    if errors:
        raise Refused("MAG-E433", f"the policy engine reports: {str(errors[0])[:300]}")
    by_id = result.diagnostics.id_annotations_by_reason
    names = sorted(by_id.get(reason, "") for reason in reasons)
    if result.decision is cedarpy.Decision.Allow and names == [BASE_RULE]:
        return True, []
    understood = names and all(n in compiled.rules and compiled.rules[n].effect == "forbid" for n in names)
    if result.decision is cedarpy.Decision.Deny and understood:
        return False, names
    raise Refused("MAG-E433", f"the policy engine answered `{result.decision.value}` without an understood rule")
