"""Composition root of the executor: the only place where brokers and actions meet adapters.

It listens nowhere. It polls control, and stops between two rounds when asked to.
"""

from __future__ import annotations

import functools
import logging
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from magistrate.adapters.keys.process import load_process_key
from magistrate.adapters.own_roots import newest_pins
from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.adapters.stop_files import read_stops
from magistrate.authority.stops import joined
from magistrate.bootstrap.executor_journal import journal_of, note_journal, verify_same_journal
from magistrate.bootstrap.executor_key import asked_to_step_aside, former_keys, key_in_use, pins_of, step_aside
from magistrate.bootstrap.executor_outside import PinnedAssessor, QuarantinedRebuilder, SandboxedChecks, readable_source
from magistrate.bootstrap.executor_systems import systems_of
from magistrate.bootstrap.executor_targets import carriers_of, targets_of
from magistrate.bootstrap.tools import found_tools
from magistrate.context.redact import Redactor
from magistrate.domain.execution import Action
from magistrate.errors import MagistrateError
from magistrate.executor.action import ExecutorAction, ReadRef, SignForGit
from magistrate.executor.actions.git_deploy import GitDeploy
from magistrate.executor.actions.git_entitlement import GitEntitlement
from magistrate.executor.actions.git_merge import GitMerge
from magistrate.executor.actions.git_release import GitRelease
from magistrate.executor.actions.git_rotation import GitRotation
from magistrate.executor.actions.merge import GitTarget
from magistrate.executor.admit import Ground
from magistrate.executor.assembly import Outside, assemble
from magistrate.executor.credentials.git_gate import GitGate
from magistrate.executor.credentials.workload_issuer import ClientKey, IssuedToken, trusted
from magistrate.executor.credentials.workload_token import TokenFile, no_token
from magistrate.executor.identity import Identity
from magistrate.executor.inbox import HttpInbox
from magistrate.executor.journal import Journal
from magistrate.executor.journal_place import JournalPlace
from magistrate.executor.live import HttpLook
from magistrate.executor.loop import Loop
from magistrate.executor.ports import Clock, Target
from magistrate.executor.signed_http import SignedHttp
from magistrate.settings import Settings, load_settings, standing_walls
from magistrate.usecases.assess import Assessor
from magistrate.usecases.judging import Judge
from magistrate.usecases.own_assessor import own_digest

POLL_SECONDS: Final = 0.5
_LOG: Final = logging.getLogger("magistrate.executor")


class SystemClock:
    """The clock of this machine."""

    def now(self) -> int:
        """Unix seconds."""
        return int(time.time())

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class LoggedAlarm:
    """Alarms as lines of the executor's log; the same one is said again after a minute at most."""

    def __init__(self) -> None:
        self._said: dict[str, float] = {}

    def raise_alarm(self, what: str) -> None:
        """Say it on stderr, through the log."""
        now = time.monotonic()
        if now - self._said.get(what, -60.0) >= 60.0:  # noqa: PLR2004  a minute
            self._said[what] = now
            _LOG.warning("alarm: %s", what)


def actions_of(target: Target, read_ref: ReadRef, sign: SignForGit) -> Mapping[Action, ExecutorAction]:
    """What this executor does: one line for each file of `executor/actions` that is an action."""
    return {
        Action.MERGE: GitMerge(target, read_ref),
        Action.RELEASE: GitRelease(target, read_ref, sign),
        Action.DEPLOY: GitDeploy(target, read_ref),
        Action.CHANGE_ENTITLEMENT: GitEntitlement(target, read_ref),
        Action.ROTATE_SECRET: GitRotation(target, read_ref),
    }


def workload_of(settings: Settings, clock: Clock) -> Callable[[], str]:
    """Where this executor's workload tokens come from: its issuer, a file, or nowhere.

    Raises:
        Refused, Unavailable: MAG-E402 or MAG-E401 when its client key or the certificates of its issuer cannot be used.
    """
    found = TokenFile(path=settings.workload_token).token if settings.workload_token is not None else None
    told = settings.workload_issuer
    if told is None:
        return found or no_token
    client = None
    if told.client_key is not None:
        client = ClientKey(client=told.client_id, path=told.client_key, kid=told.client_key_id)
        client.assertion(told.issuer, clock.now())
    return IssuedToken(
        issuer=told.issuer, audience=told.audience, clock=clock, token_endpoint=told.token_endpoint, resource=told.resource,
        scope=told.scope, client_id=told.client_id, client=client, found=found, trust=trusted(told.ca_file),
    ).token  # fmt: skip


def compose(settings: Settings) -> tuple[Outside, Path | JournalPlace]:
    """The world of one home, and where the journal is (raises Unavailable without a sandbox)."""
    clock, sandbox = SystemClock(), open_sandbox()
    identity = Identity(load_process_key(key_in_use(settings)), deployment=settings.deployment)
    pins = pins_of(settings)
    folder = settings.home / "executor"
    to_gate = SignedHttp(settings.gate_url, audience="gate", identity=identity, clock=clock)
    to_control = SignedHttp(settings.control_url, audience="control", identity=identity, clock=clock)
    workload = workload_of(settings, clock)
    judge = Judge(sandbox=sandbox)
    inbox = HttpInbox(to_control, functools.cache(lambda: own_digest(judge)))
    gate = GitGate(to_gate, settings.gate_url, workload)
    rebuilder = QuarantinedRebuilder(sandbox)
    target = GitTarget(
        folder / "work", source=lambda name: readable_source(settings.repositories, name), rebuilder=rebuilder,
        planner=rebuilder,
    )  # fmt: skip
    assessor = Assessor(sandbox=sandbox, tools=found_tools())
    systems = systems_of(settings, identity, clock)
    redactor = Redactor(secrets.token_bytes(32))
    targets = targets_of(settings, identity, clock, lambda text: redactor.redact(text).text)
    outside = Outside(
        identity=identity, systems=systems.entitlements, stores=systems.logins,
        consumers=targets, carriers=carriers_of(settings, targets), clock=clock, alarm=LoggedAlarm(), inbox=inbox, broker=gate, drill_ground=gate,
        gate_misuse=gate, target=target, actions=actions_of, misuse=target, live=HttpLook(),
        ground=Ground(
            pins=pins, workload=workload is not no_token, same_user_walls=not standing_walls(settings).users,
            newest=lambda pins: newest_pins(pins, settings.roster_path, settings.policy_path),
        ),
        assessor=PinnedAssessor(assessor, target.git_dir, pins), checks=SandboxedChecks(sandbox, target.git_dir),
        stops=lambda: joined(read_stops(settings.freeze), gate.stops()), closing=(to_gate.close, to_control.close, *(one.close for one in targets.values())),
    )  # fmt: skip
    return outside, journal_of(settings)


def main(home: Path, *, poll_seconds: float = POLL_SECONDS) -> int:
    """Work until SIGTERM or SIGINT; a round that has begun is finished first."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    os.umask(0o077)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        settings = load_settings(home)
        step_aside(settings, stopping.is_set)
        if stopping.is_set():
            return 0
        if key_in_use(settings) != settings.key("executor"):
            _LOG.warning("alarm: the former key still lies on the disk; end it: magistrate rotate --executor")
        outside, where = compose(settings)
        verify_same_journal(home, where)
        journal = Journal(where, outside.identity, outside.clock, former_keys(settings))
        note_journal(home, where)
    except MagistrateError as error:
        sys.stderr.write(error.diagnostics() + "\n")
        return error.exit_status
    aside = functools.partial(asked_to_step_aside, settings)
    try:
        run(assemble(outside, journal), stopping, poll_seconds, aside)
    finally:
        journal.close()
        outside.close()
    if not stopping.is_set():
        _begin_anew()
    return 0


def _begin_anew() -> None:
    """Become a new program that has never read the key that is replaced."""
    _LOG.warning("alarm: the executor's key is replaced; this executor begins anew")
    os.execv(sys.executable, sys.orig_argv)  # noqa: S606  the argv that this program was started with


def run(loop: Loop, stopping: threading.Event, poll_seconds: float, aside: Callable[[], bool] = lambda: False) -> None:
    """Round after round, until asked to stop, or to step aside between two of them."""
    while not (stopping.is_set() or aside()):
        try:
            loop.tick()
        except MagistrateError as error:
            _LOG.error("alarm: %s", error.diagnostics())
        except Exception:  # noqa: BLE001  a fault of this program: said whole, and the next round revokes first
            _LOG.exception("alarm: the round failed")
        stopping.wait(poll_seconds)
