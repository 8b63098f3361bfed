"""Words of execution: actions, leases, outcomes."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

EXECUTOR_NAME: Final = "Magistrate executor"
EXECUTOR_EMAIL: Final = "executor@magistrate.invalid"
"""In whose name every commit and tag is made."""


class Action(StrEnum):
    """What a warrant can authorise; each has its own decision and its own approvals."""

    MERGE = "merge"
    RELEASE = "release"
    DEPLOY = "deploy"
    ROTATE_SECRET = "rotate_secret"  # noqa: S105  the name of an action
    CHANGE_ENTITLEMENT = "change_entitlement"
    ROLLBACK = "rollback"
    POLICY_CHANGE = "policy_change"


class LeaseState(StrEnum):
    """Life of a credential: REQUESTED -> HELD -> REVOKING -> RELEASED, or UNCONFIRMED."""

    REQUESTED = "requested"
    HELD = "held"
    REVOKING = "revoking"
    RELEASED = "released"
    UNCONFIRMED = "unconfirmed"


class LeasePurpose(StrEnum):
    """Why a lease is held: the effect itself, or its rehearsed inverse."""

    EFFECT = "effect"
    ROLLBACK = "rollback"
    DRILL = "drill"
