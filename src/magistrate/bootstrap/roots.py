"""Issuing roots of one home: what stands so that credentials can be made, whose it is, and how old.

Rule kept (R50): a root is told apart from credentials, with owner, reason, place and the day by which it
is to be replaced. Since when a key stands is what the signed chain of rosters says, not a file's date.
"""

from __future__ import annotations

import pwd
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from magistrate.authority.roster import TrustedRoster, raw_key
from magistrate.settings import Settings
from magistrate.settings_systems import SystemSettings
from magistrate.settings_targets import TargetSettings
from magistrate.wire.document import open_envelope
from magistrate.wire.envelope import Envelope, process_keyid
from magistrate.wire.roster import Roster
from magistrate.wire.sshsig import fingerprint
from magistrate.wire.times import rfc3339, unix_seconds

DAY: Final = 86_400
SOON_DAYS: Final = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """One root; times in Unix seconds.

    `text` is the key as the roster writes it, empty for what no roster names; `rotate_by` 0 for what holds no
    key; `rotated` is when it replaced another, by the roster, and 0 where that never was.
    """

    root: str
    owner: str
    reason: str
    bound: str
    lives: str
    key: str
    text: str
    since: int
    rotate_by: int
    rotated: int = 0

    def rotation(self, now: int) -> str:
        """`ok`, `due in N days`, `OVERDUE by N days`, or `no key`."""
        if not self.rotate_by:
            return "no key"
        left = (self.rotate_by - now) // DAY
        if left < 0:
            return f"OVERDUE by {-left} days"
        return f"due in {left} days" if left <= SOON_DAYS else "ok"

    def row(self, now: int) -> dict[str, str]:
        """As it is listed."""
        return {
            "root": self.root, "owner": self.owner, "reason": self.reason, "bound": self.bound, "lives": self.lives,
            "key": self.key, "since": rfc3339(self.since)[:10], "rotate_by": rfc3339(self.rotate_by)[:10] if self.rotate_by else "",
            "rotated": rfc3339(self.rotated)[:10] if self.rotated else "never", "rotation": self.rotation(now),
        }  # fmt: skip


def roots_of(settings: Settings, chain: Sequence[Envelope], roster: TrustedRoster) -> tuple[Root, ...]:
    """Every root that the roster names, and those that only lie in files; `chain` is verified already."""
    versions = [open_envelope(envelope, Roster, deployment=settings.deployment) for envelope in chain]
    stood = [(unix_seconds(version.issued), _keys(version.body)) for version in versions]
    processes = roster.body.processes
    executors = [
        (f"executor {number}" if number > 1 else "executor", text) for number, text in enumerate(processes.executors, 1)
    ]
    named = [
        ("gate", "gate", processes.gate, "stands in the roster for the gate", "signs nothing that gate, executor or control takes as a grant"),
        *((name, "executor", text, "asks the gate for leases", "needs a warrant, its approvals and their witnessed record")
          for name, text in executors),
        ("warrant", "control", processes.control, "signs sessions, decisions and warrants",
         "needs the approvals of people; a warrant lasts five minutes"),
        ("front", "front", processes.front, "signs proposals of agents", "needs a decision and approvals"),
        ("log", "log", processes.log, "signs checkpoints of the log", "needs the cosignature of a witness"),
        *(("witness", "witness", text, "cosigns what extends the log", "needs the log key") for text in processes.witnesses),
    ]  # fmt: skip
    found = [_gate_store(settings, stood[0][0])]
    for name, key, text, reason, bound in named:
        since, days = _since(stood, text), settings.rotate_process_days
        found.append(
            Root(root=name, owner=_owner(settings.key(key), key), reason=reason, bound=bound, lives=_lives(settings.key(key)),
                 key=_keyid(name, text), text=text, since=since, rotate_by=since + days * DAY,
                 rotated=0 if text in stood[0][1] else since)
        )  # fmt: skip
    redaction = settings.key("redaction")
    made = _made(redaction, stood[0][0])
    found.append(
        Root(root="redaction", owner=_owner(redaction, "front"), reason="names what was redacted", bound="opens nothing; it names",
             lives=_lives(redaction), key="", text="", since=made, rotate_by=made + settings.rotate_process_days * DAY)
    )  # fmt: skip
    issuer = settings.workload_issuer
    if issuer is not None and issuer.client_key is not None:
        client, made = issuer.client_key, _made(issuer.client_key, stood[0][0])
        found.append(
            Root(root="workload client", owner=_owner(client, "executor"), reason=f"asks {issuer.issuer} for workload tokens",
                 bound="needs the executor's key, and all that it needs", lives=_lives(client), key=issuer.client_key_id, text="",
                 since=made, rotate_by=made + settings.rotate_process_days * DAY)
        )  # fmt: skip
    found += [_system(settings, name, system, stood[0][0]) for name, system in settings.systems.items()]
    found += [_target(settings, name, target, stood[0][0]) for name, target in settings.targets.items()]
    for person in roster.body.persons:
        for line in person.keys:
            since = _since(stood, line)
            found.append(
                Root(root=f"person {person.person}", owner=person.person, reason=", ".join(person.roles) or "no role",
                     bound="one voice among those that policy asks for", lives="with the person",
                     key=fingerprint(line), text=line, since=since, rotate_by=since + settings.rotate_person_days * DAY)
            )  # fmt: skip
    return tuple(found)


def _gate_store(settings: Settings, first: int) -> Root:
    store = settings.home / "gate" / "gate.db"
    return Root(
        root="gate store", owner=_owner(store, "gate"), reason="keeps what is granted, by the hashes of tokens",
        bound="mints one push, once, 60 s at most, for a warrant that it verified itself", lives=_lives(store), key="",
        text="", since=first, rotate_by=0,
    )  # fmt: skip


def _system(settings: Settings, name: str, system: SystemSettings, first: int) -> Root:
    """The issuing role of a system: its password file, or the user of the executor where it needs none."""
    held = system.passfile
    made = first if held is None else _made(held, first)
    return Root(
        root=f"system {name}", owner="executor" if held is None else _owner(held, "executor"),
        reason=f"makes one role for one lease in the database {system.database}",
        bound=f"reads no table and is not {system.group}; the executor makes a role for a warrant only",
        lives="with the user of the executor, whom the server knows" if held is None else _lives(held),
        key=system.issuer, text="", since=made, rotate_by=0 if held is None else made + settings.rotate_process_days * DAY,
    )  # fmt: skip


def _target(settings: Settings, name: str, target: TargetSettings, first: int) -> Root:
    """The CA key of a target, which sshd there trusts for certificates."""
    made = _made(target.authority, first)
    return Root(
        root=f"target {name}", owner=_owner(target.authority, "executor"),
        reason=f"signs certificates for {target.user}@{target.host}:{target.port}",
        bound="is no key of a login; the executor signs for a warrant only, for one program, a minute long",
        lives=_lives(target.authority), key="", text="", since=made, rotate_by=made + settings.rotate_process_days * DAY,
    )  # fmt: skip


def _keys(body: Roster) -> frozenset[str]:
    processes = body.processes
    people = {line for person in body.persons for line in person.keys}
    own = {
        processes.front,
        processes.control,
        processes.gate,
        processes.log,
        *processes.executors,
        *processes.witnesses,
    }
    return frozenset(people | own)


def _since(stood: Sequence[tuple[int, frozenset[str]]], text: str) -> int:
    """When the roster first named a key, without a gap until now."""
    since = stood[-1][0]
    for issued, keys in reversed(stood):
        if text not in keys:
            break
        since = issued
    return since


def _keyid(name: str, text: str) -> str:
    """The id of a process key, or name and hash of a key of notes, which the roster writes with both."""
    return "+".join(text.split("+", 2)[:2]) if name in {"log", "witness"} else process_keyid(raw_key(text))


def _owner(path: Path, otherwise: str) -> str:
    try:
        uid = path.stat().st_uid
    except OSError:
        return otherwise
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid} ({otherwise})"


def _lives(path: Path) -> str:
    try:
        return f"{path} (mode {path.stat().st_mode & 0o777:04o})"
    except FileNotFoundError:
        return f"not on this machine ({path.name})"
    except OSError as error:
        return f"{path} ({error.strerror})"


def _made(path: Path, otherwise: int) -> int:
    try:
        return int(path.stat().st_mtime)
    except OSError:
        return otherwise
