"""One session's desk: everything that the tools of an agent can reach.

The desk is built anew for every call from what control says of the session, so that a closed
session, a moved base or a spent budget takes effect at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from magistrate.usecases.gather import Read, Reading, Redactor, Sight, TreeReader
from magistrate.usecases.propose import Authorship, Quarantine
from magistrate.wire.agent_api import FindingView
from magistrate.wire.envelope import Envelope
from magistrate.wire.front_api import CaseStatus, FindingPage, Gathered, ReadNote, Sealed, SealRequest, SessionView
from magistrate.wire.proposal import Proposal


class ControlLine(Protocol):
    """Front's socket to control."""

    def record(self, note: ReadNote) -> str:
        """Make a read durable; returns its receipt; raises when it cannot."""

    def gathered(self, session: str) -> Gathered:
        """Receipts of what a session read, and its gaps."""

    def findings(self, session: str, limit: int, after: str) -> FindingPage:
        """Findings of the session's repository."""

    def finding(self, session: str, finding: str) -> FindingView:
        """One finding of the session's repository."""

    def seal(self, request: SealRequest) -> Sealed:
        """Hand a signed proposal over."""

    def status(self, session: str, proposal: str) -> CaseStatus:
        """Where a proposal of the session stands."""


class Texts(Redactor, Protocol):
    """Redaction with its tokens."""

    def tokens(self, text: str) -> list[str]:
        """Redaction tokens in a text."""

    def secrets(self, text: str) -> dict[str, str]:
        """What each token stands for in this unredacted text; never leaves front."""

    def commit(self, text: str) -> str:
        """Keyed commitment to a text."""

    def name_draft(self, session: str, result_tree: str) -> str:
        """Keyed name of what a draft does, for one session."""

    def free_text(self, text: str) -> str:
        """Prompts and rationales: the stricter tier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the tools of one session can reach."""

    session: SessionView
    sight: Sight
    trees: TreeReader
    texts: Texts
    quarantine: Quarantine
    control: ControlLine
    sign: Callable[[Proposal], Envelope]
    authorship: Authorship

    @property
    def reading(self) -> Reading:
        """Reads of this session, each recorded through control first."""
        return Reading(self.sight, self.trees, self.texts, ControlRecorder(self.control))


class ControlRecorder:
    """Records reads through control."""

    def __init__(self, control: ControlLine) -> None:
        self._control = control

    def record(self, read: Read) -> str:
        """Record before serving; returns the receipt."""
        return self._control.record(
            ReadNote(
                session=read.session,
                tool=read.tool,
                source=read.source,
                byte_start=read.byte_start,
                byte_end=read.byte_end,
                sha256=read.sha256,
                redactions=read.redactions,
                truncated=read.truncated,
                refused=read.refused,
                skipped=read.skipped,
            )
        )
