"""Session: one agent's bounded piece of work on one finding, at most 60 minutes."""

from __future__ import annotations

from typing import ClassVar, Final

from magistrate.wire.document import Body, Digest, Line, Name

MAX_SESSION_SECONDS: Final = 3600


class Session(Body, frozen=True, kw_only=True):
    """Body, signed by control. The token itself is known to the agent only."""

    NAME: ClassVar[str] = "session"
    AUDIENCE: ClassVar[str] = "front"

    agent: Name
    owner: Name
    manifest: Digest
    opened_by: Name
    finding: Line
    repository: Name
    reason: Line
    byte_budget: int
    token_sha256: Digest
