"""Claim: every changed byte of a manifest or lock is a pin that was read, and no pin is a hard one.

This claim lowers a file from `unknown` (two people) to `dependency` (one), never to a low class
(R23): what a package does is not in the bytes of a lock. Rule kept: both sides are read whole, all
that is no pin is equal, each pin that moves goes upwards from the same source with another hash,
and the manifest or lock beside it agrees. It refuses new install scripts, other sources, hashes
that change alone or not at all, downgrades, names taken for others, movable actions, open ranges.
Known limits: age, provenance and maintainers are open questions unless facts came with the case;
the version beside a commit of an action is believed; whether a hash belongs to a version is not
in the bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from magistrate.domain.impact import ChangeClass, Evidence, EvidenceRequest, Proof, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.dependencies.difference import OPEN_QUESTIONS, Finding
from magistrate.impact.dependencies.facts import BY_REGISTRY, facts_for, judged
from magistrate.impact.dependencies.known import findings_of, listing_of, reader_of
from magistrate.impact.equality import proof
from magistrate.impact.languages.reading import UnreadableError
from magistrate.wire.canonical import digest_of

SHOWN: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """Pins explain every changed byte, and none of them needs a second reader."""

    name: str = "dependencies/1"
    change_class: ChangeClass = ChangeClass.DEPENDENCY

    def applies(self, file: ChangedFile) -> bool:
        """By name; the parser of the format has the last word."""
        return reader_of(file.path) is not None

    def wants(self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> tuple[EvidenceRequest, ...]:
        """Nothing: facts of a registry are read where they come, and can only raise."""
        del file, step, base
        return ()

    def needs_base(self) -> bool:
        """The manifest or lock beside a file has to agree."""
        return True

    def prove(
        self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree, evidence: Sequence[Evidence]
    ) -> Proof:
        """Proven when pins explain everything and nothing hard is among them."""
        try:
            found = findings_of(file)
            why = _objection(file, found) or _beside(file, step, base)
            facts = facts_for(file, evidence)
        except UnreadableError as error:
            return self._said(file, str(error), ProofStatus.UNKNOWN)
        if why is not None:
            return self._said(file, why, ProofStatus.REFUTED)
        if not base.known and not _whole_step(file, step):
            why = "the pins explain it, yet only the repository says whether the file beside it agrees"
            return self._said(file, why, ProofStatus.UNKNOWN)
        against, told = judged((one.pin for one in found if not one.gone), facts)
        if against:
            refuted = self._said(file, _short(against), ProofStatus.REFUTED)
            return replace(refuted, witness=tuple(sorted((*refuted.witness, (BY_REGISTRY, str(len(against)))))))
        said = self._said(file, f"{_short([one.why for one in found])}; {told or OPEN_QUESTIONS}", ProofStatus.PROVEN)
        pins = [[one.pin.ecosystem, one.pin.name, one.pin.version, *one.pin.hashes] for one in found]
        return replace(said, witness=tuple(sorted((*said.witness, ("pins", digest_of({"v": 1, "pins": pins}))))))

    def _said(self, file: ChangedFile, why: str, status: ProofStatus) -> Proof:
        return proof(self.name, self.change_class, file, why, status)


def _objection(file: ChangedFile, found: Sequence[Finding]) -> str | None:
    hard = [one.why for one in found if one.hard]
    if hard:
        return _short(hard)
    old, new = listing_of(file.path, file.before), listing_of(file.path, file.after)
    if old.rest != new.rest:
        odd = next((one for one in new.odd if one not in old.odd), None)
        return (
            f"an entry that is no plain pin changes: {odd}" if odd else "something else than pins changes in the file"
        )
    return None if found else "no pin changes"


def _beside(file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> str | None:
    """Why the manifest or lock in the same folder disagrees with the new side, or None."""
    reader = reader_of(file.path)
    listing = listing_of(file.path, file.after)
    for other, fits in (reader.fits if reader else {}).items():
        text = _text_after(_neighbour(file, other), step, base)
        if text is None:
            continue
        try:
            why = fits(listing, listing_of(_neighbour(file, other), text))
        except UnreadableError as error:
            why = f"{error}"
        if why is not None:
            return f"it does not fit `{other}` beside it: {why}"
    return None


def _neighbour(file: ChangedFile, other: str) -> str:
    folder, slash, _ = file.path.rpartition("/")
    return f"{folder}{slash}{other}"


def _text_after(path: str, step: Sequence[ChangedFile], base: BaseTree) -> str | None:
    changed = next((one for one in step if one.path == path), None)
    if changed is not None:
        return None if changed.change.after is None else changed.after
    return base.files.get(path)


def _whole_step(file: ChangedFile, step: Sequence[ChangedFile]) -> bool:
    """Whether nothing beside the file has to agree, or it is part of the change."""
    reader = reader_of(file.path)
    fits = reader.fits if reader else {}
    return not fits or any(one.path == _neighbour(file, other) for one in step for other in fits)


def _short(said: Sequence[str]) -> str:
    more = f"; and {len(said) - SHOWN} more" if len(said) > SHOWN else ""
    return "; ".join(said[:SHOWN]) + more


PROVER: Final = Dependencies()
