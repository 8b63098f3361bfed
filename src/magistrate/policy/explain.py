"""Explain: a decision in words, rule by rule, with what would relax it."""

from __future__ import annotations

from magistrate.wire.decision import Decision


def explain(decision: Decision) -> list[str]:
    """Lines for a person: what is needed, then which rule asked for it and what would relax it."""
    lines = [f"{decision.action} to {decision.environment}: {decision.strictness}"]
    for obligation in decision.obligations:
        who = obligation.role or "any reviewing role"
        lines.append(f"  needs {obligation.count} of {who}, by {obligation.rule}")
    for reason in decision.reasons:
        lines.append(f"- {reason.rule} ({reason.source}) {reason.why}")
        lines.append(f"  would relax: {reason.relax}")
    return lines
