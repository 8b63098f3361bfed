"""`magistrate doctor`: what is there, what is missing, and what mends it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from magistrate.entrypoints.cli.frame import Frame, home_option, output_option, pass_frame
from magistrate.entrypoints.cli.screen import show_list, styled
from magistrate.errors import MagistrateError
from magistrate.settings import HOST, PROCESSES, Settings, standing_walls

_OLDEST_GIT: Final = (2, 39)
_OLDEST_PYTHON: Final = (3, 11)
_LEAST_DISK: Final = 1_000_000_000
_BUILT: Final = 1_750_000_000
Finding = tuple[str, str, str]
"""State (`ok`, `note`, `bad`), what was seen, what mends it."""


@click.command()
@output_option
@home_option
@pass_frame
def doctor(frame: Frame, *, output: str) -> int:
    """Look at the machine and the home; exit status 1 when something is bad."""
    checks: list[tuple[str, Callable[[], Finding]]] = [
        ("python", _python), ("git", _git), ("sandbox", _sandbox), ("clock", _clock), ("disk", lambda: _disk(frame.home)),
        ("home", lambda: _home(frame)), ("roster", lambda: _roster(frame)), ("policy", lambda: _policy(frame)),
        ("keys", lambda: _keys(frame)), ("roots", lambda: _roots(frame)), ("secrets", lambda: _secrets(frame)), ("you", lambda: _you(frame)), ("walls", lambda: _walls(frame)),
        ("workload", lambda: _workload(frame)),
        ("store", lambda: _store(frame)), ("journal", lambda: _journal(frame)), ("processes", lambda: _processes(frame)),
    ]  # fmt: skip
    rows = []
    for name, look in checks:
        try:
            state, seen, mend = look()
        except MagistrateError as error:
            state, seen, mend = "bad", error.message, error.hint
        rows.append({"check": name, "state": state, "seen": seen, "mend": mend})
    if output == "table" and sys.stdout.isatty():
        for row in rows:
            colour = {"ok": "green", "note": "yellow", "bad": "red"}[row["state"]]
            click.echo(f"{styled(row['state'].ljust(5), fg=colour)}{row['check']:<10} {row['seen']}")
            if row["mend"]:
                click.echo(f"{'':<16}{styled('mend: ', dim=True)}{row['mend']}")
    else:
        show_list(output, rows, ("check", "state", "seen", "mend"), empty="")
    return 1 if any(row["state"] == "bad" for row in rows) else 0


def _python() -> Finding:
    seen = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info[:2] >= _OLDEST_PYTHON
    return ("ok", f"{seen} at {sys.executable}", "") if good else ("bad", seen, "install Python 3.11 or newer")


def _git() -> Finding:
    import subprocess

    try:
        text = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "bad", "git is not there", "apt-get install git"
    found = re.search(r"(\d+)\.(\d+)[.\d]*", text)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    return (
        "ok" if version >= _OLDEST_GIT else "bad",
        text.strip(),
        "" if version >= _OLDEST_GIT else "install git 2.39 or newer",
    )


def _sandbox() -> Finding:
    from magistrate.adapters.sandbox.detect import detect

    found = detect()
    why = "; ".join(f"{level}: {reason}" for level, reason in found.reasons)
    if found.level is None:
        return "bad", f"no sandbox works here ({why})", "apt-get install bubblewrap"
    return ("note" if why else "ok", f"{found.level}" + (f" (stronger ones do not work: {why})" if why else ""), "")


def _clock() -> Finding:
    seen = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return ("ok", seen, "") if time.time() > _BUILT else ("bad", f"{seen} is in the past", "set the clock: timedatectl")


def _disk(home: Path) -> Finding:
    place = next(path for path in (home, *home.parents) if path.exists())
    free = shutil.disk_usage(place).free
    state = "ok" if free > _LEAST_DISK else "bad"
    return state, f"{free // 1_000_000:,} MB free at {place}", "" if state == "ok" else "free some space"


def _home(frame: Frame) -> Finding:
    settings = frame.settings()
    others = settings.home.stat().st_mode & 0o066
    if others:
        return "bad", f"others can read {settings.home}", f"chmod go-rw {settings.home}"
    return "ok", f"{settings.home} ({settings.deployment}, {settings.mode})", ""


def _roster(frame: Frame) -> Finding:
    from magistrate.entrypoints.cli.people import own_roster

    found = own_roster(frame.settings()).body
    return "ok", f"version {found.version}, {len(found.persons)} person(s), verified from the pin", ""


def _policy(frame: Frame) -> Finding:
    from magistrate.authority.policy import trust_policy
    from magistrate.entrypoints.cli.papers import read_bundle
    from magistrate.entrypoints.cli.people import own_roster

    settings = frame.settings()
    found = trust_policy(read_bundle(settings.policy_path), own_roster(settings)).body
    return "ok", f"version {found.version}, {len(found.repositories)} repository(ies), signatures verified", ""


def _keys(frame: Frame) -> Finding:
    settings = frame.settings()
    wrong = []
    for name in ("front", "control", "gate", "executor", "log", "witness", "redaction"):
        path = settings.key(name)
        try:
            mode = path.stat().st_mode & 0o777
        except PermissionError:
            continue
        except OSError:
            wrong.append(f"{name}.key is missing")
            continue
        if mode & 0o077:
            wrong.append(f"{path} has mode {mode:04o}")
    return ("bad", "; ".join(wrong), "chmod 600 FILE") if wrong else ("ok", "present, for their owner only", "")


def _roots(frame: Frame) -> Finding:
    from magistrate.bootstrap.roots import roots_of
    from magistrate.entrypoints.cli.people import load_chain, own_roster

    settings, now = frame.settings(), int(time.time())
    found = {root.root: root.rotation(now) for root in roots_of(settings, load_chain(settings), own_roster(settings))}
    old = [f"{name} {word}" for name, word in found.items() if word not in {"ok", "no key"}]
    overdue = any("OVERDUE" in word for word in old)
    if old:
        return "bad" if overdue else "note", "; ".join(old), "replace the key: a roster change that its threshold signs"
    return "ok", f"{len(found)} issuing roots, none to be replaced yet", ""


def _secrets(frame: Frame) -> Finding:
    from magistrate.bootstrap.known_secrets import read_known_secrets
    from magistrate.entrypoints.cli.status import known_secrets

    settings = frame.settings()
    path = settings.known_secrets
    loaded = known_secrets(settings)
    if not path.exists():
        seen = f"no {path}: agents are kept from secrets of known forms only"
        return "note", seen, "write it, one value a line, chmod 600, then start front again"
    if not os.access(path, os.R_OK):
        return "note", f"{path} is not yours to read; front holds {loaded if loaded is not None else 'none yet'}", ""
    there = len(read_known_secrets(path, settings.key("front").stat().st_uid))
    if loaded is None:
        return "ok", f"{there} known secrets in {path}; front is not up", ""
    if loaded != there:
        return "bad", f"{path} holds {there} known secrets, front looks for {loaded}", "start front again"
    return "ok", f"front looks for {there} known secrets", ""


def _you(frame: Frame) -> Finding:
    from magistrate.wire.sshsig import fingerprint

    if not sys.stdin.isatty() and not frame.key:
        return "note", "not tried without a terminal", ""
    caller = frame.caller()
    return "ok", f"{caller.name} with {fingerprint(caller.signer.public_line)}", ""


def _store(frame: Frame) -> Finding:
    settings = frame.settings()
    if not settings.store_url:
        return "ok", f"sqlite, {settings.store}", ""
    from magistrate.adapters.stores.engine import engine_name, try_engine

    try_engine(settings.store)
    return "ok", f"{engine_name(settings.store)}, answers", ""


def _journal(frame: Frame) -> Finding:
    from magistrate.bootstrap.executor_journal import journal_name, journal_of, try_journal

    settings = frame.settings()
    where = journal_of(settings)
    if isinstance(where, Path):
        return "ok", journal_name(settings), ""
    try_journal(where)
    return "ok", f"{journal_name(settings)}, answers", ""


def _workload(frame: Frame) -> Finding:
    from magistrate.entrypoints.cli.policy_files import read_source
    from magistrate.entrypoints.cli.status import executor_proof

    settings = frame.settings()
    asked = [proof.environment for proof in read_source(settings.policies).workload]
    source, issuer = settings.workload_token, settings.workload_issuer
    seen = f"the executor proves itself by {executor_proof(settings)}"
    if issuer is not None:
        source = issuer.client_key or source
    if source is None:
        lacking = f"; policy asks for a workload token in {', '.join(asked)}"
        mend = "say how it comes to one: `[workload]` in magistrate.toml"
        return ("bad", seen + lacking, mend) if asked else ("ok", seen, "")
    if source.exists():
        return "ok" if asked else "note", seen if asked else f"{seen}; policy asks for none", ""
    return "bad" if asked else "note", f"{seen}; {source} is not there", "have the platform write it"


def _walls(frame: Frame) -> Finding:
    walls = standing_walls(frame.settings())
    return ("ok" if walls.users else "note", f"{walls}" + (f": {walls.reason}" if walls.reason else ""), walls.mend)


def _processes(frame: Frame) -> Finding:
    from magistrate.bootstrap.supervisor import read_note

    settings = frame.settings()
    note = read_note(settings)
    if note is None:
        busy = [name for name in PROCESSES if hasattr(settings.ports, name) and _taken(settings, name)]
        if busy:
            return (
                "bad",
                f"not up, and the port of {', '.join(busy)} is taken by something else",
                "change [ports] in magistrate.toml",
            )
        return "note", "not up", "magistrate up --detach"
    down = [name for name, own in note["processes"].items() if not own["running"]]
    if down:
        return "bad", f"down: {', '.join(down)}", f"magistrate logs {down[0]}"
    return (
        "ok",
        f"all {len(note['processes'])} up under supervisor {note['pid']}" + (" as root" if os.geteuid() == 0 else ""),
        "",
    )


def _taken(settings: Settings, name: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex((HOST, getattr(settings.ports, name))) == 0
