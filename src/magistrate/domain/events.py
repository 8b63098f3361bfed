"""The events of the log. Additions only; a name never changes its meaning."""

from __future__ import annotations

from enum import StrEnum


class Event(StrEnum):
    """What is recorded, in the words of the design."""

    SESSION_OPENED = "session.opened"
    SESSION_CLOSED = "session.closed"
    CONTEXT_READ = "context.read"
    FINDING_INGESTED = "finding.ingested"
    PROPOSAL_SEALED = "proposal.sealed"
    ASSESSMENT_MADE = "assessment.made"
    DECISION_MADE = "decision.made"
    APPROVAL_GIVEN = "approval.given"
    APPROVAL_REJECTED = "approval.rejected"
    APPROVAL_WITHDRAWN = "approval.withdrawn"
    CLOSURE_GIVEN = "closure.given"
    WARRANT_ISSUED = "warrant.issued"
    LEASE_REQUESTED = "lease.requested"
    LEASE_HELD = "lease.held"
    LEASE_RELEASED = "lease.released"
    LEASE_UNCONFIRMED = "lease.unconfirmed"
    EFFECT_STARTED = "effect.started"
    EFFECT_DONE = "effect.done"
    VERIFICATION_DONE = "verification.done"
    ROLLBACK_DONE = "rollback.done"
    CASE_CLEARED = "case.cleared"
    CASE_HELD = "case.held"
    CASE_CLOSED = "case.closed"
    REF_MOVED_OUTSIDE = "ref.moved_outside"
    FREEZE_SET = "freeze.set"
    FREEZE_LIFTED = "freeze.lifted"
    TRUST_PROMOTED = "trust.promoted"
    TRUST_DEMOTED = "trust.demoted"
    DRILL_ORDERED = "drill.ordered"
    DRILL_DONE = "drill.done"
    ROSTER_CHANGED = "roster.changed"
    POLICY_CHANGED = "policy.changed"
    PAYLOAD_ERASED = "payload.erased"
    PATTERN_SPREAD = "pattern.spread"
