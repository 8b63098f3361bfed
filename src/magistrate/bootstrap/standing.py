"""The search for standing credentials of one home: which places, which processes, what the gate says, and what each system says."""

from __future__ import annotations

import pwd
import sqlite3
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from magistrate.adapters.standing.places import search_git_of_user, search_home, search_tmp
from magistrate.adapters.standing.processes import Process, processes_of, search_process
from magistrate.adapters.standing.search import JOURNAL_ORPHANS, Issued, Search, guarded, read_issued, read_orphans
from magistrate.adapters.standing.shapes import key_lines
from magistrate.authority.roster import TrustedRoster
from magistrate.bootstrap.executor_journal import journal_of, read_rows, read_tables
from magistrate.bootstrap.executor_standing import look_at_systems
from magistrate.bootstrap.supervisor import read_note
from magistrate.errors import MagistrateError
from magistrate.settings import Settings, standing_walls
from magistrate.wire.sshsig import fingerprint

HOLDERS: Final = {"front": "front", "control": "control", "gate": "gate", "executor": "executor", "log": "control",
                  "witness": "witness"}  # fmt: skip
"""Which process holds which private key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What a scan came to: the search itself, and leases that nothing justifies."""

    search: Search
    orphans: tuple[str, ...]


def scan(settings: Settings, roster: TrustedRoster, now: int) -> Scan:
    """Look everywhere; nothing is changed. `now` is Unix seconds."""
    search = Search(issued=_issued(settings, now), asks=_asking(settings))
    orphans: tuple[str, ...] = ()
    gate, journal = settings.home / "gate" / "gate.db", settings.home / "executor" / "journal.db"
    try:
        if gate.exists():
            read_issued(gate, now)
        orphans = read_orphans(gate, journal)
    except (OSError, sqlite3.Error) as error:
        search.blind(str(gate), f"no token can be told without the gate's grants: {error}")
    for grant in search.issued.values():
        if grant.usable:
            search.found(str(gate), f"the lease {grant.lease} is live; if an action is running, scan again after it")
    _search_systems(search, settings, roster, now)
    keys = _known_keys(search, settings, roster)
    search_home(search, settings.home, keys=keys, left_out=frozenset({settings.known_secrets}))
    _search_store(search, settings)
    orphans += _search_journal(search, settings)
    users = _users(settings)
    for folder in sorted({Path(tempfile.gettempdir()), Path("/tmp")}):  # noqa: S108  where the processes make theirs
        search_tmp(search, folder, owners=users, keys=frozenset(keys.values()), home=settings.home)
    for uid in sorted(users):
        guarded(search, f"home of user {uid}", lambda uid=uid: _user(search, settings, uid))  # type: ignore[misc]
    holders = {line: frozenset({_holder(settings, path)}) for path, line in keys.items()}
    for process in _processes(search, settings, users):
        search_process(search, process, keys=holders)
    return Scan(search=search, orphans=orphans)


def _search_systems(search: Search, settings: Settings, roster: TrustedRoster, now: int) -> None:
    """What stands at the systems and targets; one that does not answer is a gap."""
    looked = look_at_systems(settings, roster, now)
    search.counts["systems and targets"] += len(looked.answered)
    for one in looked.leases:
        what = f"the lease {one.lease}: {one.state}"
        if one.usable:
            search.found(one.where, f"{what}; if an action is running, scan again after it")
        else:
            search.dead.append((one.where, what))
    for where, why in looked.unseen:
        search.blind(where, why)


def _issued(settings: Settings, now: int) -> dict[str, Issued]:
    try:
        return read_issued(settings.home / "gate" / "gate.db", now)
    except (OSError, sqlite3.Error):
        return {}  # told as not searched, or there was never a gate


def _asking(settings: Settings) -> Callable[[str, str], bool]:
    def asks(token: str, repository: str) -> bool:
        url = f"{settings.gate_url}/{repository}.git/info/refs?service=git-receive-pack"
        try:
            answer = httpx.get(url, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=20)
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    return asks


def _known_keys(search: Search, settings: Settings, roster: TrustedRoster) -> dict[Path, bytes]:
    """Key files that are where they belong, with the line that tells each."""
    files = [settings.key(name) for name in HOLDERS]
    client = client_key(settings)
    files += [client] if client is not None and client.exists() else []
    files += [target.authority for target in settings.targets.values()]
    people = {fingerprint(line) for person in roster.body.persons for line in person.keys}
    for public in (settings.home / "keys").glob("person-*.pub"):
        private = public.with_suffix("")
        if fingerprint(" ".join(public.read_text().split()[:2])) in people:
            files.append(private)
    known: dict[Path, bytes] = {}
    for path in files:

        def look(path: Path = path) -> None:
            for line in key_lines(path.read_bytes())[:1]:
                known[path] = line

        guarded(search, str(path), look)
    return known


def client_key(settings: Settings) -> Path | None:
    """The key by which the executor asks an issuer for workload tokens; None where it has none."""
    return None if settings.workload_issuer is None else settings.workload_issuer.client_key


def _holder(settings: Settings, path: Path) -> str:
    of_executor = {client_key(settings), *(target.authority for target in settings.targets.values())}
    return "executor" if path in of_executor else HOLDERS.get(path.stem, "")


def _search_store(search: Search, settings: Settings) -> None:
    """Control's store where it is on PostgreSQL; a SQLite file is found in the home."""
    if not isinstance(settings.store, str):
        return
    from sqlalchemy import MetaData, select
    from sqlalchemy.exc import SQLAlchemyError

    from magistrate.adapters.stores.engine import open_engine

    try:
        engine = open_engine(settings.store)
        with engine.connect() as connection:
            known = MetaData()
            known.reflect(connection)
            search.counts["databases"] += 1
            for table in known.sorted_tables:
                _search_rows(search, f"store, table {table.name}", connection.execute(select(table)))
    except SQLAlchemyError as error:
        search.blind("the store", f"{type(error).__name__}")


def _search_journal(search: Search, settings: Settings) -> tuple[str, ...]:
    """The executor's journal where it is on PostgreSQL: tokens in it, and its leases that nothing justifies."""
    try:
        where = journal_of(settings)
        if isinstance(where, Path):
            return ()
        read_tables(where, lambda name, rows: _search_rows(search, f"journal, table {name}", rows))
        found = read_rows(where, JOURNAL_ORPHANS)
    except MagistrateError as error:
        search.blind("the executor's journal", f"{error.code} {error.message}")
        return ()
    search.counts["databases"] += 1
    return tuple(f"{lease} in {where}" for (lease,) in found)


def _search_rows(search: Search, where: str, rows: Iterable[Iterable[object]]) -> None:
    for row in rows:
        values = (v.encode() if isinstance(v, str) else bytes(v) for v in row if isinstance(v, str | bytes))
        search.tokens(where, b"\n".join(values))


def _users(settings: Settings) -> frozenset[int]:
    """The users of the processes, by who owns their keys and by whom they run as."""
    found = set()
    for name in HOLDERS:
        try:
            found.add(settings.key(name).stat().st_uid)
        except OSError:
            continue
    return frozenset(found)


def _user(search: Search, settings: Settings, uid: int) -> None:
    try:
        folder = Path(pwd.getpwuid(uid).pw_dir)
    except KeyError:
        return  # a number without an account has no home
    search_git_of_user(search, folder, own=standing_walls(settings).users)


def _processes(search: Search, settings: Settings, users: frozenset[int]) -> tuple[Process, ...]:
    note = read_note(settings)
    named: dict[int, str] = {}
    if note is not None:
        named = {int(own["pid"]): name for name, own in note["processes"].items()} | {int(note["pid"]): "supervisor"}
    if not Path("/proc/self/maps").exists():
        search.blind("memory of every process", "this system has no /proc")
        return ()
    return processes_of(settings.home, named, users if standing_walls(settings).users else frozenset())
