"""Approval, Rejection, Withdrawal: what a person signed, bound to one digest."""

from __future__ import annotations

from typing import ClassVar, Final

from magistrate.domain.execution import Action
from magistrate.wire.document import Body, Digest, GitId, Line, Name

APPROVAL_SECONDS: Final = 24 * 3600


class Approval(Body, frozen=True, kw_only=True):
    """Body, signed by a person with an SSH key over exactly what they were shown.

    Anything named here that changes makes it void. `rebuilt` says that tree, diff and
    assessment were rebuilt on the person's own machine; `displayed_sha256` is over the diff
    that was shown; `self_reviewed` marks a solo approval of one's own agent's change.
    """

    NAME: ClassVar[str] = "approval"

    person: Name
    proposal: Digest
    decision: Digest
    assessment_verdict: Digest
    policy: Digest
    roster: Digest
    action: Action
    environment: Name
    repository: Name
    ref: Line
    base: GitId
    result_tree: GitId
    displayed_sha256: Digest
    rebuilt: bool
    self_reviewed: bool
