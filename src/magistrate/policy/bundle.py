"""A policy bundle compiled for evaluation: schema, policies and their annotations.

Rule kept (R39): a bundle that does not parse, does not validate against its schema, or leaves
an annotation out cannot be loaded at all; nothing is skipped.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import cedarpy

from magistrate.domain.principal import Role
from magistrate.errors import Refused
from magistrate.wire.policy_bundle import PolicyBundle

BASE_RULE: Final = "base"
ANYONE: Final = "any"
MAX_COUNT: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One Cedar policy: its id, what it asks for, and its JSON form.

    `role` is None for any reviewing role; `count` is 0 for the base permit and for a denial.
    """

    rule: str
    file: str
    effect: str
    denies: bool
    role: Role | None
    count: int
    why: str
    relax: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """Handles of the engine with the rules by id."""

    schema: cedarpy.Schema
    policies: cedarpy.PolicySet
    rules: dict[str, Rule]


def compile_bundle(body: PolicyBundle) -> Compiled:
    """Parse and validate a bundle.

    Raises:
        Refused: MAG-E430 when schema or policies do not parse or validate, MAG-E431 when a rule
            lacks an annotation, repeats an id, or there is not exactly one unconditional permit.
    """
    text = "\n".join(p.text for p in body.policies)
    try:
        schema = cedarpy.Schema.from_str(body.schema)
        outcome = cedarpy.validate_policies(text, schema)
        found = [rule for p in body.policies for rule in _rules(p.name, p.text)]
        policies = cedarpy.PolicySet.from_str(text)
    except ValueError as error:
        raise Refused("MAG-E430", f"the policy cannot be read: {str(error)[:300]}") from error
    if not outcome.validation_passed:
        first = str(outcome.errors[0])[:300] if outcome.errors else "validation failed"
        raise Refused("MAG-E430", f"the policy does not fit its schema: {first}")
    rules = {rule.rule: rule for rule in found}
    if len(rules) != len(found):
        raise Refused("MAG-E431", "two rules of the policy share an id")
    permits = [rule for rule in found if rule.effect == "permit"]
    if [p.rule for p in permits] != [BASE_RULE] or permits[0].body["conditions"]:
        raise Refused("MAG-E431", "a policy has exactly one permit, named `base` and without conditions")
    return Compiled(schema=schema, policies=policies, rules=rules)


def _rules(file: str, text: str) -> list[Rule]:
    content = json.loads(cedarpy.policies_to_json_str(text))
    if content.get("templates") or content.get("templateLinks"):
        raise Refused("MAG-E431", f"`{file}` holds a template; rules are written out")
    return [_rule(file, body) for body in content["staticPolicies"].values()]


def _rule(file: str, body: dict[str, Any]) -> Rule:
    notes = body.get("annotations", {})
    name = notes.get("id", "")
    if not name or len(name) > 100:  # noqa: PLR2004  a name, not a text
        raise Refused("MAG-E431", f"a rule in `{file}` has no `@id`")
    if body["effect"] == "permit":
        return Rule(
            rule=name, file=file, effect="permit", denies=False, role=None, count=0, why="", relax="", body=body
        )
    kind = notes.get("obligation", "")
    if kind not in {"approvals", "deny"} or not notes.get("why") or not notes.get("relax"):
        raise Refused("MAG-E431", f"the rule `{name}` needs `@obligation` (approvals or deny), `@why` and `@relax`")
    role, count = _asked(name, notes) if kind == "approvals" else (None, 0)
    return Rule(
        rule=name, file=file, effect="forbid", denies=kind == "deny", role=role, count=count,
        why=notes["why"], relax=notes["relax"], body=body,
    )  # fmt: skip


def _asked(name: str, notes: dict[str, str]) -> tuple[Role | None, int]:
    role, count = notes.get("role", ""), notes.get("count", "")
    if role != ANYONE and role not in {r.value for r in Role}:
        raise Refused("MAG-E431", f"the rule `{name}` asks for the unknown role `{role[:40]}`")
    if not (count.isascii() and count.isdigit() and 1 <= int(count) <= MAX_COUNT):
        raise Refused("MAG-E431", f"the rule `{name}` asks for `{count[:10]}` approvals, not 1 to {MAX_COUNT}")
    return (None if role == ANYONE else Role(role)), int(count)
