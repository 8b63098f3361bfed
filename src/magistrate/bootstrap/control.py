"""Composition root of control: store, log, witness, assessor, keys; no credential for any target."""

from __future__ import annotations

import functools
import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from magistrate.adapters.git.bare import BareRepositories
from magistrate.adapters.keys.pen import ProcessPen
from magistrate.adapters.keys.process import load_process_key
from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.adapters.scanners.sarif import SarifFile
from magistrate.adapters.stop_files import drop_stop
from magistrate.adapters.stores.export import export_log
from magistrate.adapters.stores.log import LogStore
from magistrate.adapters.stores.store import SqlStore
from magistrate.adapters.stores.trust_files import TrustFiles
from magistrate.adapters.witness import WitnessClient
from magistrate.bootstrap.control_assessor import SandboxedAssessor
from magistrate.bootstrap.control_worker import Worker
from magistrate.bootstrap.tools import found_tools
from magistrate.domain.finding import Finding
from magistrate.errors import MagistrateError, NotFound, Refused, Unavailable
from magistrate.ports import GitReader, Trust
from magistrate.settings import PROCESSES, Settings, standing_walls
from magistrate.usecases.assess_case import Bench
from magistrate.usecases.finding_secrets import LIMITS, FindingSecrets
from magistrate.usecases.judging import Judge
from magistrate.usecases.own_assessor import own_digest
from magistrate.usecases.warrant import Office
from magistrate.wire.envelope import Envelope

PATIENCE_SECONDS: Final = 20.0
MAX_TEXT: Final = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """The parts of control, wired."""

    settings: Settings
    store: SqlStore
    bench: Bench
    office: Office
    worker: Worker
    repositories: BareRepositories
    secrets: FindingSecrets


def compose(settings: Settings) -> Composed:
    """Wire control; nothing is served yet.

    Raises:
        MagistrateError: when keys, roster, policy, store or witness are not usable.
    """
    trust = TrustFiles(settings.roster_path, settings.policy_path, pin=settings.pin(), deployment=settings.deployment)
    processes, quorum = trust.roster().body.processes, trust.roster().body.thresholds.witnesses
    witnesses = [WitnessClient(settings.witness_url, vkey) for vkey in processes.witnesses]
    log = LogStore(settings.log_name, load_process_key(settings.key("log")), witnesses, quorum)
    if log.anchors.log != processes.log:
        raise Refused("MAG-E440", "the log key of this home is not the one the roster names")
    store = SqlStore(settings.store, log)
    pen = ProcessPen(load_process_key(settings.key("control")), settings.deployment)
    repositories = BareRepositories(settings.repositories)
    sandbox = open_sandbox()
    assessor = SandboxedAssessor(repositories, sandbox, pen, tools=found_tools())
    secrets_ = FindingSecrets(judge=Judge(sandbox=sandbox, limits=LIMITS), base_of=base_of(trust, repositories))
    bench = Bench(store=store, trust=trust, pen=pen, assessor=assessor)
    office = Office(
        store=store, trust=trust, pen=pen, repositories=repositories,
        same_user_walls=not standing_walls(settings).users, disarmed=disarmed_because(trust),
        assessor=functools.cache(lambda: own_digest(Judge(sandbox=sandbox))),
    )  # fmt: skip
    import threading

    worker = Worker(bench=bench, office=office, now=unix_now, wake=threading.Event(), alarms=[])
    return Composed(
        settings=settings, store=store, bench=bench, office=office, worker=worker, repositories=repositories,
        secrets=secrets_,
    )  # fmt: skip


def base_of(trust: Trust, repositories: BareRepositories) -> Callable[[str], tuple[GitReader, str]]:
    """Reads a repository at the ref that policy names for it (raises Refused, NotFound, Unavailable)."""

    def read(repository: str) -> tuple[GitReader, str]:
        ref = trust.policy().repository(repository).ref
        commit = repositories.tip(repository, ref)
        if not commit:
            raise NotFound("MAG-E464", f"`{ref[:60]}` of `{repository[:60]}` does not exist")
        return repositories.reader(repository), repositories.tree(repository, commit)

    return read


def disarmed_because(trust: Trust) -> str:
    """Why no warrant may be issued (R40): the policy fails its own vectors; else empty."""
    from magistrate.policy.bundle import compile_bundle
    from magistrate.policy.lint import lint
    from magistrate.policy.selftest import verify_vectors

    try:
        body = trust.policy().body
        compiled = compile_bundle(body)
        verify_vectors(compiled, body)
    except MagistrateError as error:
        return f"{error.code} {error.message}"
    complaints = lint(compiled)
    return complaints[0] if complaints else ""


def check_log(store: SqlStore) -> None:
    """The log against itself and the witness, before anything is served; waits for the witness.

    Raises:
        Refused: MAG-E207 to MAG-E210, MAG-E222: the log was changed; control does not start.
        Unavailable: MAG-E220 when too few witnesses answer in time.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            store.check()
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def read_findings(repositories: BareRepositories) -> Any:  # noqa: ANN401  a reader as the door wants it
    """A reader of SARIF files that names places by the text at the repository's tip."""

    def read(path: Path, repository: str, _filename: str) -> tuple[list[Finding], list[str]]:
        texts: dict[str, list[str]] = {}

        def line_text(name: str, start: int, end: int) -> str | None:
            if name not in texts:
                texts[name] = _lines(repositories, repository, name)
            found = texts[name][max(start - 1, 0) : end]
            return "\n".join(found) if found else None

        with path.open("rb") as stream:
            sarif = SarifFile(stream, repository=repository, line_text=line_text)
            found = list(sarif.findings())
            refused = [f"run {r.run}, result {r.result}: {r.code} {r.message}" for r in sarif.refused]
        return found, refused

    return read


def export_to(store: SqlStore) -> Any:  # noqa: ANN401  as the door wants it
    """Writes the sealed log into a folder."""
    return lambda folder: store.on_log(lambda connection: export_log(connection, folder))


def drop_to(folder: Path) -> Callable[[Envelope], Path]:
    """Puts a signed freeze or thaw where executor and gate read it."""
    return lambda envelope: drop_stop(folder, envelope)


def processes_alive(settings: Settings) -> Mapping[str, Mapping[str, Any]]:
    """Which processes run, by the pid files of this home."""
    return {name: {"alive": _alive(settings.run / f"{name}.pid")} for name in PROCESSES}


def unix_now() -> int:
    """Unix seconds."""
    return int(time.time())


def draw_token() -> str:
    """256 random bits as text."""
    return "mgt_" + secrets.token_urlsafe(32)


def _lines(repositories: BareRepositories, repository: str, path: str) -> list[str]:
    try:
        reader = repositories.reader(repository)
        content = reader.read_path(reader.tree_of(reader.resolve("HEAD")), path)
    except (NotFound, Refused, Unavailable):
        return []
    return [] if content is None or len(content) > MAX_TEXT else content.decode(errors="replace").splitlines()


def _alive(path: Path) -> bool:
    try:
        os.kill(int(path.read_text().strip()), 0)
    except (OSError, ValueError):
        return False
    return True
