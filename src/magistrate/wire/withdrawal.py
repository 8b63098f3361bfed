"""Withdrawal: an approver takes an approval back; control, executor and gate obey directly."""

from __future__ import annotations

from typing import ClassVar

from magistrate.wire.document import Body, Digest, Line, Name


class Withdrawal(Body, frozen=True, kw_only=True):
    """Body, signed by the approver. `epoch` only rises, so that an older word never wins."""

    NAME: ClassVar[str] = "withdrawal"

    person: Name
    proposal: Digest
    approval: Digest
    reason: Line
    epoch: int
