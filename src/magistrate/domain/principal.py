"""Who acts: persons with roles, agents with owners. Roles are data, never implied."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from magistrate.domain.impact import ChangeClass


class Role(StrEnum):
    """What a person may do. A person may hold several; nobody holds one implicitly."""

    PROPOSER = "proposer"
    REVIEWER = "reviewer"
    SECURITY = "security"
    PLATFORM = "platform"
    POLICY_OWNER = "policy_owner"
    OPERATOR = "operator"
    AUDITOR = "auditor"


class Mode(StrEnum):
    """`solo`: one person owns everything, with less allowed; `team`: separate people."""

    SOLO = "solo"
    TEAM = "team"


C = ChangeClass
OWNING_ROLE: Final[dict[ChangeClass, Role]] = {
    C.UNKNOWN: Role.REVIEWER,
    C.CI_CD: Role.SECURITY,
    C.INFRASTRUCTURE: Role.PLATFORM,
    C.PERMISSIONS: Role.SECURITY,
    C.AUTHENTICATION: Role.SECURITY,
    C.CRYPTOGRAPHY: Role.SECURITY,
    C.SECRETS: Role.SECURITY,
    C.NETWORK: Role.PLATFORM,
    C.MIGRATION: Role.PLATFORM,
    C.AUDIT_CONFIG: Role.SECURITY,
    C.RELEASE: Role.PLATFORM,
    C.AGENT_INSTRUCTIONS: Role.SECURITY,
    C.GATE: Role.POLICY_OWNER,
}
"""Of two approvals for such a class, one comes from this role."""
