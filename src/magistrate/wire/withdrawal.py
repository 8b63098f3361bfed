"""Withdrawal: an approver takes an approval back, anybody a promotion; control, executor and gate obey directly."""

from __future__ import annotations

from typing import ClassVar

from magistrate.wire.document import Body, Digest, Line, Name


class Withdrawal(Body, frozen=True, kw_only=True):
    """Body, signed by the approver; of a promotion by any one person of the roster.

    `epoch` only rises, so that an older word never wins. `approval` is the digest of what is taken back; `proposal` that
    of its case, or of the promotion once more, which belongs to no case.
    """

    NAME: ClassVar[str] = "withdrawal"

    person: Name
    proposal: Digest
    approval: Digest
    reason: Line
    epoch: int
