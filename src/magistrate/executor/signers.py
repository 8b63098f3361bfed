"""Whose key signed which entry of one journal: one after the other, each to its hand-over.

Rule kept: an entry by another key than the entry before it counts only where the key before named it as its successor in its last
entry (`key.handed_over`), and it says so itself (`key.taken_over`). A key that handed over, and was followed, signs no
later entry. Which keys there can be at all is what the signed rosters say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from magistrate.errors import Refused
from magistrate.executor.identity import Identity
from magistrate.executor.rows import JournalStep
from magistrate.wire.document import Body, Document, open_envelope
from magistrate.wire.envelope import Envelope, verify_process_signature
from magistrate.wire.journal_entry import JournalEntry

B = TypeVar("B", bound=Body)


class Signers:
    """The keys of one journal; `former` are raw public keys by key id."""

    def __init__(self, own: Identity, former: Mapping[str, bytes]) -> None:
        self._own = own
        self._keys = {**former, own.keyid: own.public}
        self._last = ""
        self._successor = ""
        self._ended: set[str] = set()

    def open(self, envelope: Envelope, body: type[B]) -> Document[B]:
        """Open what exactly one of these keys signed (raises Refused, Usage)."""
        if len(envelope.signatures) != 1:
            raise Refused("MAG-E106", "what an executor writes carries exactly one signature")
        keyid = envelope.signatures[0].keyid
        if keyid not in self._keys:
            raise Refused("MAG-E107", f"`{keyid[:30]}` is neither this executor's key nor one of its former keys")
        verify_process_signature(envelope, self._keys[keyid])
        return open_envelope(envelope, body, deployment=self._own.deployment)

    def verify_next(self, keyid: str, entry: JournalEntry) -> None:
        """Check that this key may sign the entry after the one before; called for each entry in order.

        Raises:
            Refused: MAG-E382 when the key before did not hand over to it, or it handed over itself.
        """
        taken_over = entry.step == JournalStep.KEY_TAKEN_OVER
        if self._last and keyid != self._last:
            if keyid != self._successor or keyid in self._ended or not taken_over:
                raise Refused(
                    "MAG-E382", f"`{keyid[:30]}` signed after `{self._last[:30]}`, which did not hand over to it"
                )
            self._ended.add(self._last)
        elif taken_over:
            raise Refused("MAG-E382", f"`{keyid[:30]}` takes over from nobody")
        self._last = keyid
        self._successor = entry.facts.get("successor", "") if entry.step == JournalStep.KEY_HANDED_OVER else ""

    def hands_over(self) -> str:
        """The former key that signed the last entry and names this one; empty where this one signed it.

        Raises:
            Refused: MAG-E382 when another key signed it and names none or another.
        """
        if self._last in {"", self._own.keyid}:
            return ""
        if self._successor != self._own.keyid or self._own.keyid in self._ended:
            raise Refused(
                "MAG-E382", f"the last entry is by `{self._last[:30]}`, which did not hand over to this executor's key",
                hint="the key file is not the one of this journal: put it back, or go on with `magistrate rotate --executor`",
            )  # fmt: skip
        return self._last
