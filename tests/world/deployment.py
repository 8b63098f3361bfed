"""A whole deployment of plainly fake people and keys in a directory, signed for real.

    deployment = make_deployment(tmp_path / "home")
    deployment.trusted_roster(), deployment.person("ben"), deployment.keys["executor"]

People of a team: `anna` owns the agent `fixer` and operates; `ben` reviews and is security;
`carla` reviews, is platform and operates. All own policy. In solo `anna` is alone with every role.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from world.ports import four_free_ports

from magistrate.authority.policy import TrustedPolicy, trust_policy
from magistrate.authority.roster import TrustedRoster, trust_roster
from magistrate.bootstrap.witness import witness_toml
from magistrate.domain.principal import Mode, Role
from magistrate.settings import Ports, Settings, load_settings, settings_text
from magistrate.wire.agent_manifest import AgentManifest, AgentState
from magistrate.wire.canonical import canonical, digest
from magistrate.wire.document import Body, document, seal_by_person, seal_by_process
from magistrate.wire.envelope import Envelope, join_signatures, process_keyid
from magistrate.wire.policy_bundle import (
    Command,
    Estate,
    FreezeWindow,
    HttpProbe,
    PolicyBundle,
    PolicyText,
    RepositoryPolicy,
    StagePolicy,
    WorkloadProof,
)
from magistrate.wire.request import Request, authorization_value
from magistrate.wire.roster import Person, Processes, Roster, Thresholds
from magistrate.wire.sshsig import InMemorySshKey

NAME = "testing"
ROLES: dict[str, tuple[Role, ...]] = {
    "anna": (Role.PROPOSER, Role.REVIEWER, Role.POLICY_OWNER, Role.OPERATOR),
    "ben": (Role.REVIEWER, Role.SECURITY, Role.POLICY_OWNER),
    "carla": (Role.REVIEWER, Role.PLATFORM, Role.POLICY_OWNER, Role.OPERATOR),
    "dora": (Role.AUDITOR,),
}
PROCESSES = ("front", "control", "gate", "executor", "log", "witness")


def new_id(prefix: str) -> str:
    """`ses-` and 26 random base32 characters."""
    return f"{prefix}-" + "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(26))


def raw_public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def public_text(key: Ed25519PrivateKey) -> str:
    """Base64 of the raw public key, as the roster writes it."""
    return _b64(raw_public(key))


def vkey(name: str, key: Ed25519PrivateKey, kind: int) -> str:
    """A signed-note verifier key: kind 1 for a log, 4 for a cosigning witness (C2SP signed-note)."""
    body = bytes([kind]) + raw_public(key)
    short = hashlib.sha256(name.encode() + b"\n" + body).hexdigest()[:8]
    return f"{name}+{short}+{_b64(body)}"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Keys in memory, documents on disk under `home`; `name` is the deployment's name."""

    home: Path
    name: str
    mode: Mode
    people: Mapping[str, InMemorySshKey]
    keys: Mapping[str, Ed25519PrivateKey]
    roster: Envelope
    policy: Envelope
    manifest: Envelope

    @property
    def pin(self) -> str:
        return self.roster.payload_digest()

    @property
    def settings(self) -> Settings:
        return load_settings(self.home)

    @property
    def executor_keyid(self) -> str:
        return process_keyid(self.keys["executor"].public_key())

    def trusted_roster(self) -> TrustedRoster:
        return trust_roster([self.roster], pin=self.pin, deployment=self.name)

    def trusted_policy(self) -> TrustedPolicy:
        return trust_policy(self.policy, self.trusted_roster())

    def by_person(
        self,
        name: str,
        body: Body,
        prefix: str,
        *,
        lifetime: int | None = None,
        now: int | None = None,
        audience: str = "",
    ) -> Envelope:
        """Sign a body as a person."""
        doc = document(
            body, deployment=self.name, id=new_id(prefix), now=_now(now), lifetime=lifetime, audience=audience
        )
        return seal_by_person(doc, self.people[name])

    def by_process(
        self,
        name: str,
        body: Body,
        prefix: str,
        *,
        lifetime: int | None = None,
        now: int | None = None,
        audience: str = "",
    ) -> Envelope:
        """Sign a body as a process."""
        doc = document(
            body, deployment=self.name, id=new_id(prefix), now=_now(now), lifetime=lifetime, audience=audience
        )
        return seal_by_process(doc, self.keys[name])

    def authorization(
        self,
        caller: str,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        audience: str = "control",
        now: int | None = None,
    ) -> dict[str, str]:
        """Header of a signed request; `caller` is a person, or `front`, `executor`, `executor-b`, `gate`."""
        role = caller if caller in self.people else caller.partition("-")[0]
        request = Request(caller=role, method=method, path=path, body_sha256=digest(body))
        sign = self.by_person if caller in self.people else self.by_process
        envelope = sign(caller, request, "req", lifetime=120, audience=audience, now=now)
        return {"Authorization": authorization_value(envelope)}


def make_deployment(
    home: Path,
    *,
    mode: Mode = Mode.TEAM,
    production: bool = False,
    repositories: Sequence[str] = ("shop",),
    checks: Sequence[Command] = (),
    rescan: Command | None = None,
    release_tags: str | None = None,
    stages: Sequence[StagePolicy] = (),
    verification: Sequence[HttpProbe] = (),
    policies: Sequence[PolicyText] | None = None,
    ref: str = "refs/heads/main",
    estate: Estate | None = None,
    windows: Sequence[FreezeWindow] = (),
    workloads: Callable[[str], Sequence[WorkloadProof]] = lambda _: (),
    now: int | None = None,
    executors: Sequence[str] = ("executor",),
) -> Deployment:
    """Make keys, roster, policy and one agent manifest, sign them and write the home."""
    roles = ROLES if mode is Mode.TEAM else {"anna": tuple(Role)}
    people = {name: InMemorySshKey(Ed25519PrivateKey.generate()) for name in roles}
    keys = {name: Ed25519PrivateKey.generate() for name in dict.fromkeys((*PROCESSES, *executors))}
    at = _now(now) - 60
    roster = by_all(people, list(people), _roster(mode, roles, people, keys, executors), "ros", at)
    bundle = PolicyBundle(
        version=1, previous=None, schema=default_policy("schema.cedarschema"),
        policies=tuple(policies) if policies is not None else default_policies(),
        commands=(*checks, *(() if rescan is None else (rescan,))),
        repositories=tuple(
            RepositoryPolicy(
                repository=name, ref=ref, environment="staging", production=production,
                checks=tuple(c.command for c in checks), verification=tuple(verification),
                rescan=None if rescan is None else rescan.command, release_tags=release_tags,
            )
            for name in repositories
        ),
        estate=estate if estate is not None or not production else Estate(actors=(), principals=()),
        windows=tuple(windows),
        workloads=tuple(workloads(process_keyid(keys["executor"].public_key()))),
        stages=tuple(stages),
    )  # fmt: skip
    owners = [name for name, held in roles.items() if Role.POLICY_OWNER in held][:2]
    policy = by_all(people, owners, bundle, "pol", at)
    agent = AgentManifest(
        agent="fixer", owner="anna", purpose="fix findings", model="fake-model", model_version="1",
        tools_digest=digest(b"no tools"), repositories=tuple(repositories), sensitivity="source code",
        criticality="low", state=AgentState.ACTIVE, review_by="2099-01-01T00:00:00Z",
    )  # fmt: skip
    signers = ["anna", "carla"] if mode is Mode.TEAM else ["anna"]
    manifest = by_all(people, signers, agent, "agm", at)
    made = Deployment(
        home=home, name=NAME, mode=mode, people=people, keys=keys, roster=roster, policy=policy, manifest=manifest
    )
    _write_home(made)
    return made


def default_policy(name: str) -> str:
    """Text of a packaged default policy file."""
    return (resources.files("magistrate.policy") / "defaults" / name).read_text()


def default_policies() -> tuple[PolicyText, ...]:
    """The packaged Cedar files in order of their names."""
    folder = resources.files("magistrate.policy") / "defaults"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".cedar"))
    return tuple(PolicyText(name=name, text=default_policy(name)) for name in names)


def _roster(
    mode: Mode,
    roles: Mapping[str, tuple[Role, ...]],
    people: Mapping[str, InMemorySshKey],
    keys: Mapping[str, Ed25519PrivateKey],
    executors: Sequence[str],
) -> Roster:
    threshold = 2 if mode is Mode.TEAM else 1
    return Roster(
        version=1, previous=None, mode=mode,
        persons=tuple(
            Person(person=name, display_name=f"{name.title()} Example", keys=(people[name].public_line,), roles=held)
            for name, held in roles.items()
        ),
        processes=Processes(
            front=public_text(keys["front"]), control=public_text(keys["control"]), gate=public_text(keys["gate"]),
            executors=tuple(public_text(keys[name]) for name in executors), log=vkey(f"magistrate/{NAME}", keys["log"], 1),
            witnesses=(vkey(f"magistrate/{NAME}/witness", keys["witness"], 4),),
        ),
        thresholds=Thresholds(roster=threshold, policy=threshold, witnesses=1),
    )  # fmt: skip


def by_all(
    people: Mapping[str, InMemorySshKey], signers: Sequence[str], body: Body, prefix: str, now: int,
    *, lifetime: int | None = None,
) -> Envelope:  # fmt: skip
    doc = document(body, deployment=NAME, id=new_id(prefix), now=now, lifetime=lifetime)
    sealed = [seal_by_person(doc, people[name]) for name in signers]
    joined = sealed[0]
    for envelope in sealed[1:]:
        joined = join_signatures(joined, envelope)
    return joined


def _write_home(made: Deployment) -> None:
    home = made.home
    for folder in ("keys", "people", "control", "front", "gate/repositories", "executor", "witness", "run"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    for name, key in made.keys.items():
        path = home / "keys" / f"{name}.key"
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        path.chmod(0o600)
    (home / "keys" / "redaction.key").write_text(secrets.token_hex(32) + "\n")
    (home / "keys" / "redaction.key").chmod(0o600)
    (home / "roster.json").write_bytes(canonical([made.roster]))
    (home / "roster.pin").write_text(made.pin + "\n")
    (home / "policy-bundle.json").write_bytes(made.policy.encode())
    first = four_free_ports()
    ports = Ports(**dict(zip(("front", "control", "gate", "witness"), range(first, first + 4), strict=True)))
    settings = Settings(home=home, deployment=made.name, mode=made.mode.value, ports=ports)
    (home / "magistrate.toml").write_text(settings_text(settings))
    log = made.trusted_roster().body.processes.log
    toml = witness_toml(name=settings.witness_name, port=ports.witness, logs=(log,))
    (home / "witness" / "witness.toml").write_text(toml)
    assert json.loads((home / "roster.json").read_text())
    assert msgspec.json.decode((home / "roster.json").read_bytes(), type=list[Envelope]) == [made.roster]


def _now(now: int | None) -> int:
    return int(time.time()) if now is None else now


def _b64(raw: bytes) -> str:
    import base64

    return base64.b64encode(raw).decode()
