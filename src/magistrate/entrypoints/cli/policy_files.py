"""The policy sources in the home, and the bundle that is built and signed from them.

`policies/default/` holds the Cedar files and `policy.toml`: commands, environments and
repositories with their checks and live verification.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec

from magistrate.authority.estate import verify_estate
from magistrate.authority.stages import verify_stages
from magistrate.authority.windows import verify_windows
from magistrate.authority.workload import verify_workloads
from magistrate.domain.estate import ActorKind
from magistrate.domain.impact import ChangeClass
from magistrate.errors import NotFound, Refused, Usage
from magistrate.wire.policy_bundle import (
    Command,
    Estate,
    EstateActor,
    EstatePrincipal,
    FreezeWindow,
    HttpProbe,
    PolicyBundle,
    PolicyText,
    RepositoryPolicy,
    StagePolicy,
    WorkloadProof,
)

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\Z")
FIRST_TEXT: Final = """\
# What is true of this deployment. `magistrate policy check` reads it; a change counts once it
# is signed: `magistrate policy publish`.

[[environment]]
name = "staging"
production = false

# A command is an argv that runs in the sandbox on the exact result, before any credential exists:
# [[command]]
# name = "unit-tests"
# argv = ["python3", "-m", "unittest"]
# timeout_seconds = 300
#
# A `[[repository]]` names its commands: `checks = ["unit-tests"]`, and `rescan = "scan"`: the command that scans a tree
# and writes SARIF to its standard output. A fix is applied only where the scan no longer shows its finding.
# `release_tags = "v"` lets releases of its branch be proposed: tags `v1.2.3`, made once, signed and never moved.

# Where the repository runs. What is deployed is recorded on the branch `stages/NAME` of the gate's repository, which
# `magistrate stage add` begins (docs/deploy.md).
# [[stage]]
# name = "live"
# repository = "shop"
# environment = "production"
# verification = [{url = "https://shop.example/version", body_contains = "{source}"}]
# soak_seconds = 60            # how long it must go on answering so

# Times in which nothing is executed; the executor and the gate obey them by themselves. To deny wins.
# [[window]]
# name = "weekend"
# cron = "0 18 * * fri"        # minute hour day month weekday: when it begins
# zone = "Europe/Berlin"
# minutes = 3660               # how long it lasts
# reason = "nobody is there to look"
# environments = ["live"]      # also repositories = [...], classes = [...]; none of them: everything

# In this environment the gate gives a credential only to an executor that an issuer vouches for as well (docs/workload-identity.md).
# [[workload]]
# environment = "live"
# issuer = "https://issuer.example"
# audience = "magistrate-gate-live"            # of one environment only
# keys = [{kid = "k1", alg = "ES256", kty = "EC", crv = "P-256", x = "...", y = "..."}]
# executors = [{executor = "ed25519:...", subject = "spiffe://example/executor"}]

# Who acts as which account (service account, role, token), who may become whom, what each can change. Where an account
# is shared, or a push reaches more than its repository and environment, nothing executes: `magistrate estate check`.
# [[actor]]
# kind = "workload"            # workload, environment, person, agent or executor
# name = "ci"
# acts_as = ["ci-token"]
#
# [[principal]]
# name = "ci-token"
# becomes = []                 # a push that starts CI: give `gate:REPOSITORY` becomes = ["ci-token"]
# reaches = ["repository:shop", "environment:staging"]
"""


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Environment(_Part, frozen=True, kw_only=True):
    """A place where changes land."""

    name: str
    production: bool = False


class _Command(_Part, frozen=True, kw_only=True):
    name: str
    argv: tuple[str, ...]
    timeout_seconds: int = 300


class _Probe(_Part, frozen=True, kw_only=True):
    url: str
    status: int = 200
    body_contains: str = ""
    within_seconds: int = 30


class _Repository(_Part, frozen=True, kw_only=True):
    name: str
    ref: str
    environment: str
    checks: tuple[str, ...] = ()
    verification: tuple[_Probe, ...] = ()
    boundary: tuple[str, ...] = ()
    rescan: str | None = None
    release_tags: str | None = None


class _Stage(_Part, frozen=True, kw_only=True):
    name: str
    repository: str
    environment: str
    verification: tuple[_Probe, ...] = ()
    soak_seconds: int = 0
    boundary: tuple[str, ...] = ()
    system: str | None = None
    document: str | None = None
    secret: str | None = None
    target: str | None = None


class _Window(_Part, frozen=True, kw_only=True):
    name: str
    cron: str
    zone: str
    minutes: int
    reason: str
    repositories: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    classes: tuple[ChangeClass, ...] = ()


class _Actor(_Part, frozen=True, kw_only=True):
    kind: ActorKind
    name: str
    acts_as: tuple[str, ...]


class _Principal(_Part, frozen=True, kw_only=True):
    name: str
    becomes: tuple[str, ...] = ()
    reaches: tuple[str, ...] = ()


class PolicySource(_Part, frozen=True, kw_only=True):
    """`policy.toml`."""

    environment: tuple[Environment, ...] = ()
    command: tuple[_Command, ...] = ()
    repository: tuple[_Repository, ...] = ()
    stage: tuple[_Stage, ...] = ()
    actor: tuple[_Actor, ...] = ()
    principal: tuple[_Principal, ...] = ()
    window: tuple[_Window, ...] = ()
    workload: tuple[WorkloadProof, ...] = ()

    def environment_named(self, name: str) -> Environment:
        """One environment (raises NotFound MAG-E609)."""
        for found in self.environment:
            if found.name == name:
                return found
        raise NotFound(
            "MAG-E609", f"policy names no environment `{name[:60]}`", hint=f"magistrate environment add {name[:60]}"
        )


def write_defaults(folder: Path) -> None:
    """Write the packaged Cedar files and a first `policy.toml` into an empty folder."""
    folder.mkdir(parents=True)
    packaged = resources.files("magistrate.policy") / "defaults"
    for entry in packaged.iterdir():
        if entry.name.endswith((".cedar", ".cedarschema")):
            (folder / entry.name).write_bytes(entry.read_bytes())
    (folder / "policy.toml").write_text(FIRST_TEXT)


def read_source(folder: Path) -> PolicySource:
    """Read and check `policy.toml`.

    Raises:
        NotFound, Usage: MAG-E609 naming what is not understood.
    """
    path = folder / "policy.toml"
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise NotFound("MAG-E609", f"`{path}` is missing") from error
    except (OSError, ValueError) as error:
        raise Usage("MAG-E609", f"`{path}`: {error}") from error
    return _source_in(text, path)


def _source_in(text: str, path: Path) -> PolicySource:
    try:
        values: dict[str, Any] = tomllib.loads(text)
        source = msgspec.convert(values, PolicySource)
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise Usage("MAG-E609", f"`{path}`: {error}") from error
    _verify_names(source, path)
    return source


def _verify_names(source: PolicySource, path: Path) -> None:
    lists = {
        "environment": [e.name for e in source.environment], "command": [c.name for c in source.command],
        "repository": [r.name for r in source.repository], "window": [w.name for w in source.window],
    }  # fmt: skip
    for kind, names in lists.items():
        for name in names:
            if NAME.match(name) is None:
                raise Usage(
                    "MAG-E609", f"`{path}`: `{name[:60]}` is not a name", hint="lower-case letters, digits, . _ -"
                )
            if names.count(name) > 1:
                raise Usage("MAG-E609", f"`{path}`: the {kind} `{name}` stands there twice")
    for stage in source.stage:
        source.environment_named(stage.environment)
    for repository in source.repository:
        source.environment_named(repository.environment)
        for check in (*repository.checks, *(() if repository.rescan is None else (repository.rescan,))):
            if check not in lists["command"]:
                raise Usage("MAG-E609", f"`{path}`: `{repository.name}` wants the check `{check}`, which is no command")


def bundle_of(folder: Path, *, version: int, previous: str | None) -> PolicyBundle:
    """The bundle that the sources make (raises NotFound, Usage MAG-E609)."""
    source = read_source(folder)
    try:
        schema = (folder / "schema.cedarschema").read_text("utf-8")
        texts = [PolicyText(name=p.name, text=p.read_text("utf-8")) for p in sorted(folder.glob("*.cedar"))]
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound("MAG-E609", f"a policy file cannot be read: {error}") from error
    if not texts:
        raise Usage("MAG-E609", f"`{folder}` holds no Cedar policy")
    return PolicyBundle(
        version=version, previous=previous, schema=schema, policies=tuple(texts),
        commands=tuple(
            Command(command=c.name, argv=c.argv, timeout_seconds=c.timeout_seconds) for c in source.command
        ),
        repositories=_repositories(source), estate=_estate(source, folder), windows=_windows(source, folder),
        workloads=_workloads(source, folder), stages=_stages(source, folder),
    )  # fmt: skip


def _repositories(source: PolicySource) -> tuple[RepositoryPolicy, ...]:
    production = {e.name: e.production for e in source.environment}
    return tuple(
        RepositoryPolicy(
            repository=r.name, ref=r.ref, environment=r.environment, production=production[r.environment],
            checks=r.checks, verification=tuple(HttpProbe(**msgspec.structs.asdict(v)) for v in r.verification),
            boundary=r.boundary, rescan=r.rescan, release_tags=r.release_tags,
        )
        for r in source.repository
    )  # fmt: skip


def _stages(source: PolicySource, where: Path) -> tuple[StagePolicy, ...]:
    production = {e.name: e.production for e in source.environment}
    stages = tuple(
        StagePolicy(
            stage=s.name, repository=s.repository, environment=s.environment, production=production[s.environment],
            verification=tuple(HttpProbe(**msgspec.structs.asdict(v)) for v in s.verification),
            soak_seconds=s.soak_seconds, boundary=s.boundary, system=s.system, document=s.document,
            secret=s.secret, target=s.target,
        )
        for s in source.stage
    )  # fmt: skip
    try:
        verify_stages(stages, _repositories(source))
    except Refused as error:
        raise Usage("MAG-E609", f"`{where / 'policy.toml'}`: {error.message}") from error
    return stages


def _windows(source: PolicySource, where: Path) -> tuple[FreezeWindow, ...]:
    windows = tuple(
        FreezeWindow(
            window=w.name, cron=w.cron, zone=w.zone, minutes=w.minutes, reason=w.reason, repositories=w.repositories,
            environments=w.environments, classes=w.classes,
        )
        for w in source.window
    )  # fmt: skip
    try:
        verify_windows(windows)
    except Refused as error:
        raise Usage("MAG-E609", f"`{where}`: {error.message}", hint=error.hint) from error
    known = {r.name for r in source.repository}
    for window in windows:
        for name in sorted({*window.repositories} - known):
            raise Usage(
                "MAG-E609", f"`{where}`: the window `{window.window}` names no repository of policy: `{name[:60]}`"
            )
        for name in window.environments:
            source.environment_named(name)
    return windows


def _workloads(source: PolicySource, where: Path) -> tuple[WorkloadProof, ...]:
    try:
        verify_workloads(source.workload)
    except Refused as error:
        raise Usage("MAG-E609", f"`{where}`: {error.message}", hint=error.hint) from error
    for proof in source.workload:
        source.environment_named(proof.environment)
    return source.workload


def estate_in(text: str, where: Path) -> PolicyBundle:
    """The repositories and the estate of a `policy.toml`, as a bundle without policies (raises Usage MAG-E609)."""
    source = _source_in(text, where)
    estate = _estate(source, where)
    return PolicyBundle(
        version=1, previous=None, schema="", policies=(), commands=(), repositories=_repositories(source), estate=estate
    )


def _estate(source: PolicySource, where: Path) -> Estate | None:
    if not source.actor and not source.principal:
        return None
    estate = Estate(
        actors=tuple(EstateActor(kind=a.kind, name=a.name, acts_as=a.acts_as) for a in source.actor),
        principals=tuple(EstatePrincipal(name=p.name, becomes=p.becomes, reaches=p.reaches) for p in source.principal),
    )
    try:
        verify_estate(estate)
    except Refused as error:
        raise Usage("MAG-E609", f"`{where}`: {error.message}", hint="give each one block") from error
    return estate


def forget_source(folder: Path, kind: str, name: str) -> None:
    """Take the block away that was added last under this name."""
    path = folder / "policy.toml"
    text = path.read_text("utf-8")
    at = text.rfind(f'[[{kind}]]\nname = "{name}"')
    if at >= 0:
        path.write_text(text[:at].rstrip("\n") + "\n")


def append_source(folder: Path, kind: str, values: Mapping[str, object], more: str = "") -> None:
    """Add one `[[kind]]` block at the end of `policy.toml`, keeping every comment; undone when it does not read.

    `more` are further lines of the block, in TOML.
    """
    path = folder / "policy.toml"
    before = path.read_text("utf-8")
    lines = [f"{key} = {msgspec.json.encode(value).decode()}" for key, value in values.items()]
    gap = "" if before.endswith("\n\n") else "\n" if before.endswith("\n") else "\n\n"
    path.write_text(before + gap + f"[[{kind}]]\n" + "\n".join(lines) + "\n" + more)
    try:
        read_source(folder)
    except BaseException:
        path.write_text(before)
        raise
