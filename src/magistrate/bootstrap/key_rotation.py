"""The executor's key is replaced: made here, named by a new version of the roster, taken over in the journal, the former erased.

Rule kept: nothing is replaced while anything is in flight (a lease, an execution, a word that control has not heard): the executor
finishes it first, or the rotation is refused. Which key counts is what one file says, the roster, which is replaced at once; every
other step can stop anywhere and is done again. The new key never leaves its file; the former is tried at gate and control before
its file is overwritten, and must be refused.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from magistrate.adapters.keys.process import create_process_key, load_process_key, public_text, replace_key
from magistrate.adapters.own_roots import install_roster
from magistrate.authority.roster import TrustedRoster, trust_versions
from magistrate.bootstrap.executor import SystemClock
from magistrate.bootstrap.executor_journal import journal_of, verify_same_journal
from magistrate.bootstrap.executor_key import NEXT_KEY, executor_aside, former_keys
from magistrate.errors import MagistrateError, NotFound, Refused, Unavailable
from magistrate.executor.casebook import Casebook
from magistrate.executor.drill_record import DrillRecord
from magistrate.executor.identity import Identity
from magistrate.executor.journal import WORLD, Journal
from magistrate.executor.rows import JournalStep
from magistrate.executor.signed_http import SignedHttp
from magistrate.settings import Settings
from magistrate.wire.envelope import Envelope
from magistrate.wire.journal_entry import StepStatus
from magistrate.wire.roster import Roster

NEXT_ROSTER: Final = "roster.next.json"
_PAUSE: Final = 0.1
_WORKS_ON: Final = 3.0
"""For so long the executor goes on with what is in flight, before it is asked again (seconds)."""
_DOORS: Final[Mapping[str, str]] = {"gate": "/gate/v1/stops", "control": "/api/v1/executor/roster"}
"""What each process tells any executor of its roster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerProbe:
    """What one process said to a request that the former key signed; `refused` None where it could not be asked."""

    door: str
    refused: bool | None
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """A rotation that is done: the key ids, the roster's version, and how the former key fared."""

    former: str
    key: str
    version: int
    probes: tuple[FormerProbe, ...]


def next_public(settings: Settings) -> str:
    """The public half of the key that is to come, as a roster writes it; made now unless it was.

    Raises:
        NotFound, Refused: MAG-E594, MAG-E595, MAG-E596 when it is there and cannot be read.
    """
    path, own = settings.key(NEXT_KEY), settings.key("executor")
    if path.exists():
        return public_text(load_process_key(path))
    load_process_key(own)  # whoever may not read the executor's key has no business here
    key = create_process_key(path)
    owner = own.stat()
    if os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid)
    return public_text(key)


def next_roster(settings: Settings, roster: TrustedRoster) -> Roster:
    """The version after this one, with this executor's key replaced and nothing else (raises Refused MAG-E615)."""
    own, following = public_text(load_process_key(settings.key("executor"))), next_public(settings)
    executors = roster.body.processes.executors
    if own not in executors:
        raise Refused(
            "MAG-E615", "the roster does not name the key of this home's executor, so there is nothing to replace"
        )
    processes = msgspec.structs.replace(
        roster.body.processes, executors=tuple(following if text == own else text for text in executors)
    )
    return msgspec.structs.replace(
        roster.body, version=roster.body.version + 1, previous=roster.digest, processes=processes
    )


def replaced_executor(before: Roster, after: Roster) -> tuple[str, str]:
    """The former and the new key, as rosters write them, of a version that replaces one executor's key.

    Raises:
        Refused: MAG-E615 when it changes anything else, so that nobody signs what was not said.
    """
    old, new = before.processes.executors, after.processes.executors
    changed = [(a, b) for a, b in zip(old, new, strict=False) if a != b]
    rest = msgspec.structs.replace(after.processes, executors=old)
    same = msgspec.structs.replace(after, version=before.version, previous=before.previous, processes=rest)
    if len(old) != len(new) or len(changed) != 1 or same != before:
        raise Refused(
            "MAG-E615", "the roster that waits changes more than one key of an executor: it is not signed here"
        )
    return changed[0]


def begun(settings: Settings, roster: TrustedRoster) -> bool:
    """Whether the installed roster names the new key already, and what is left is to take over and erase the former."""
    path = settings.key(NEXT_KEY)
    return path.exists() and public_text(load_process_key(path)) in roster.body.processes.executors


def hand_over(settings: Settings, chain: tuple[Envelope, ...], *, wait: float, leave_unsent: bool) -> Rotated:
    """Replace the key: `chain` ends with the version that names the new one, or is the installed one where that was begun.

    `wait` is for the executor to finish what it does (seconds). `leave_unsent` gives up on what control has not
    heard: the journal keeps it.

    Raises:
        Refused: MAG-E120 when the chain does not verify, MAG-E382 when the journal does not.
        Unavailable: MAG-E615 when something is in flight after that time; nothing is changed then.
    """
    versions = trust_versions(chain, pin=settings.pin(), deployment=settings.deployment)
    new = Identity(load_process_key(settings.key(NEXT_KEY)), deployment=settings.deployment)
    until = time.monotonic() + wait
    while True:
        with executor_aside(settings, until):
            former = _former(settings)
            why = ""
            if former is not None and not begun(settings, _installed(settings)):
                why = _end_former(settings, former, new, versions[-1].digest, until, leave_unsent=leave_unsent)
            if not why:
                install_roster(settings.roster_path, chain)
                (settings.home / NEXT_ROSTER).unlink(missing_ok=True)
                probes = () if former is None else tuple(_probe(settings, former, door) for door in _DOORS)
                _take_over(settings, new, probes, until)
                replace_key(settings.key("executor"), settings.key(NEXT_KEY))
                name, version = "" if former is None else former.keyid, versions[-1].body.version
                return Rotated(former=name, key=new.keyid, version=version, probes=probes)
        if time.monotonic() > until:
            raise Unavailable(
                "MAG-E615", f"the key was not replaced: {why}",
                hint="nothing was changed; once the executor has finished with its key: magistrate rotate --executor",
            )  # fmt: skip
        time.sleep(_WORKS_ON)


def _installed(settings: Settings) -> TrustedRoster:
    found = installed_chain(settings)
    return trust_versions(found, pin=settings.pin(), deployment=settings.deployment)[-1]


def installed_chain(settings: Settings) -> tuple[Envelope, ...]:
    """The envelopes of the installed roster (raises Unavailable MAG-E440)."""
    try:
        return msgspec.json.decode(settings.roster_path.read_bytes(), type=tuple[Envelope, ...])
    except (OSError, msgspec.MsgspecError) as error:
        raise Unavailable("MAG-E440", f"the roster `{settings.roster_path}` cannot be read: {error}") from error


def _former(settings: Settings) -> Identity | None:
    """The key that is to end; None where its file was overwritten already, by a rotation that stopped there."""
    try:
        return Identity(load_process_key(settings.key("executor")), deployment=settings.deployment)
    except Refused as error:
        if error.code != "MAG-E596" or not begun(settings, _installed(settings)):
            raise
        return None


def _end_former(  # noqa: PLR0913  who hands over to whom, and how long it may take
    settings: Settings, former: Identity, new: Identity, roster: str, until: float, *, leave_unsent: bool
) -> str:
    """Write the last entry of the former key; or say what is in flight, which it finishes first."""
    journal = _journal(settings, former, until)
    try:
        why = _in_flight(journal, former, leave_unsent=leave_unsent)
        if not why:
            facts = {"key": former.keyid, "successor": new.keyid, "roster": roster}
            # Control keeps no entry of this step, and would no longer take one by this key.
            journal.write(
                WORLD, JournalStep.KEY_HANDED_OVER, StepStatus.DONE, facts,
                lambda rows: rows.execute("update entries set sent = 1 where step = ?", (JournalStep.KEY_HANDED_OVER,)),
            )  # fmt: skip
        return why
    finally:
        journal.close()


def _in_flight(journal: Journal, former: Identity, *, leave_unsent: bool) -> str:
    book = Casebook(journal)
    leases, executions = len(book.open_leases()), len(book.open_executions())
    if leases or executions:
        return f"{executions} executions without an end and {leases} leases that are not confirmed dead"
    unsent = len(journal.unsent()) + len(book.unsent_reports()) + len(DrillRecord(journal, former).unsent())
    if unsent and not leave_unsent:
        return f"control has not acknowledged {unsent} entries and reports, and takes none by the former key (--leave-unsent gives them up)"
    return ""


def _take_over(settings: Settings, new: Identity, probes: tuple[FormerProbe, ...], until: float) -> None:
    """The first entries of the new key: that it took over, and how the former fared."""
    journal = _journal(settings, new, until)
    try:
        if probes:
            held = "yes" if all(one.refused for one in probes) else "no"
            facts = {"held": held, **{one.door: one.seen for one in probes}}
            journal.write(WORLD, JournalStep.KEY_PROBED, StepStatus.DONE, facts)
    finally:
        journal.close()


def _journal(settings: Settings, identity: Identity, until: float) -> Journal:
    """The journal, once the executor has let go of it (raises Unavailable MAG-E615 when it does not in time)."""
    where = journal_of(settings)
    verify_same_journal(settings.home, where)
    if isinstance(where, Path) and not where.exists():
        raise NotFound("MAG-E615", f"no executor worked here: there is no `{where}`", hint="magistrate up --detach")
    while True:
        try:
            return Journal(where, identity, SystemClock(), former_keys(settings))
        except Unavailable as error:
            if time.monotonic() > until:
                what = f"the executor did not let go of its journal: {error.message}"
                raise Unavailable(
                    "MAG-E615", what, hint="nothing is lost; run it again with a longer --wait"
                ) from error
        time.sleep(_PAUSE)


def _probe(settings: Settings, former: Identity, door: str) -> FormerProbe:
    """Ask a process something that it tells any executor, signed by the former key: it must refuse."""
    url = settings.gate_url if door == "gate" else settings.control_url
    http = SignedHttp(url, audience=door, identity=former, clock=SystemClock())
    try:
        http.raw(_DOORS[door])
    except Unavailable as error:
        return FormerProbe(door=door, refused=None, seen=error.message[:200])
    except MagistrateError as error:
        return FormerProbe(door=door, refused=True, seen=f"{error.code} {error.message}"[:200])
    finally:
        http.close()
    return FormerProbe(door=door, refused=False, seen="it answered the former key")
