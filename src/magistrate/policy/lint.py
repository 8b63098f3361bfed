"""Lint: what is wrong with a policy although the engine would take it.

Rule kept (R38): who drafted a change, with which tool, or where it lies may make a rule
stricter, never more lenient, unless the same condition also speaks about what the change does.
"""

from __future__ import annotations

import json
from typing import Any, Final

from magistrate.policy.bundle import ANYONE, Compiled, Rule

SOFT: Final = frozenset({"agent", "paths", "observed", "repository"})
HARD: Final = frozenset(
    {
        "classes", "sensitivities", "assessed", "privilege_widened", "privilege_unknown", "reversible",
        "complete", "production", "files", "blast_radius",
    }
)  # fmt: skip
_ARITHMETIC: Final = frozenset({"+", "-", "*", "neg"})
_NEGATIONS: Final = frozenset({"!", "!="})


def lint(compiled: Compiled) -> list[str]:
    """Complaints in words, by rule; empty when there is nothing to complain about."""
    complaints: list[str] = []
    for rule in compiled.rules.values():
        complaints += [f"the rule `{rule.rule}` {what}" for what in _complaints(rule)]
    if not any(r.role is None and r.count >= 1 and _unconditional(r) for r in compiled.rules.values()):
        complaints.append("no rule asks for at least one approval of every change")
    return complaints


def _complaints(rule: Rule) -> list[str]:
    if rule.effect == "permit":
        return []
    found: list[str] = []
    if _scoped(rule):
        found.append("is limited in its scope; write a `when` over facts instead")
    for condition in rule.body["conditions"]:
        operators, facts = _operators(condition["body"]), _facts(condition["body"])
        if operators & _ARITHMETIC:
            found.append("uses arithmetic, which can overflow and be skipped")
        relaxing = condition["kind"] == "unless" or bool(operators & (_NEGATIONS | {"if-then-else"}))
        if facts & SOFT and not facts & HARD and relaxing:
            found.append(f"relaxes by {', '.join(sorted(facts & SOFT))} alone, which proves nothing about the change")
    return found + _obligation_complaints(rule)


def _obligation_complaints(rule: Rule) -> list[str]:
    unless = [c["body"] for c in rule.body["conditions"] if c["kind"] == "unless"]
    whens = [c["body"] for c in rule.body["conditions"] if c["kind"] == "when"]
    found = []
    if any("approvals" in _facts(body) for body in whens):
        found.append("counts approvals outside its `unless`")
    if rule.denies:
        return [*found, "denies and has an `unless`"] if unless else found
    expected = json.dumps(_met_when(rule), sort_keys=True)
    if [json.dumps(body, sort_keys=True) for body in unless] != [expected]:
        who = rule.role or ANYONE
        found.append(f"must end in `unless {{ context.approvals.{who} >= {rule.count} }}`, as its annotations say")
    return found


def _met_when(rule: Rule) -> dict[str, Any]:
    approvals = {".": {"left": {"Var": "context"}, "attr": "approvals"}}
    who = rule.role.value if rule.role else ANYONE
    return {">=": {"left": {".": {"left": approvals, "attr": who}}, "right": {"Value": rule.count}}}


def _unconditional(rule: Rule) -> bool:
    return rule.effect == "forbid" and not [c for c in rule.body["conditions"] if c["kind"] == "when"]


def _scoped(rule: Rule) -> bool:
    action = rule.body["action"]
    execute = action["op"] == "All" or (action["op"] == "==" and action.get("entity", {}).get("id") == "execute")
    return not execute or any(rule.body[part]["op"] not in {"All", "is"} for part in ("principal", "resource"))


def _facts(body: object) -> set[str]:
    """Attributes read directly from the context."""
    if isinstance(body, dict):
        access = body.get(".") or body.get("has")
        own = {access["attr"]} if isinstance(access, dict) and access.get("left") == {"Var": "context"} else set()
        return own.union(*(_facts(value) for value in body.values()))
    if isinstance(body, list):
        return set().union(*(_facts(item) for item in body))
    return set()


def _operators(body: object) -> set[str]:
    if isinstance(body, dict):
        return set(body).union(*(_operators(value) for value in body.values()))
    if isinstance(body, list):
        return set().union(*(_operators(item) for item in body))
    return set()
