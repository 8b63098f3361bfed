"""Promotion and Exception: what people grant for a time, with two signatures."""

from __future__ import annotations

from typing import ClassVar

from magistrate.domain.impact import ChangeClass
from magistrate.wire.document import Body, Digest, Line, Name


class Promotion(Body, frozen=True, kw_only=True):
    """Body: one class in one repository and environment may become automatic until `expires`.

    `evidence` names what it rests on: the manifest of the agent, which says which version of it was watched, the roster
    that gave the signers their roles, the results of the drills and the record that was counted.
    """

    NAME: ClassVar[str] = "promotion"

    change_class: ChangeClass
    repository: Name
    environment: Name
    agent: Name
    assessor: Digest
    policy: Digest
    evidence: tuple[Digest, ...]


class PolicyException(Body, frozen=True, kw_only=True):
    """Body: one readiness finding is accepted for one environment until `expires`."""

    NAME: ClassVar[str] = "exception"

    repository: Name
    environment: Name
    finding: Line
    reason: Line
