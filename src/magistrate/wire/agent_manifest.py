"""AgentManifest: an agent as a governed asset, signed by its owner and an operator."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from magistrate.wire.document import Body, Digest, Line, Name, Time


class AgentState(StrEnum):
    """Only an active agent gets a session."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    RETIRED = "retired"


class AgentManifest(Body, frozen=True, kw_only=True):
    """Body: who owns it, what for, which model and tools, which repositories it may read."""

    NAME: ClassVar[str] = "agent_manifest"
    AUDIENCE: ClassVar[str] = "control"

    agent: Name
    owner: Name
    purpose: Line
    model: Line
    model_version: Line
    tools_digest: Digest
    repositories: tuple[Name, ...]
    sensitivity: Line
    criticality: Line
    state: AgentState
    review_by: Time
