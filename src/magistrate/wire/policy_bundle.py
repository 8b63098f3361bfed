"""PolicyBundle: what must be agreed, checked and verified; signed by two persons (one in solo)."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from magistrate.domain.estate import ActorKind
from magistrate.domain.impact import ChangeClass
from magistrate.wire.document import Body, Digest, Line, Name


class PolicyText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One Cedar file."""

    name: Line
    text: str


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An argv that policy defines; everything else names it by its id.

    `timeout_seconds` bounds it; it runs in the sandbox on the exact result tree.
    """

    command: Name
    argv: tuple[Line, ...]
    timeout_seconds: int


class HttpProbe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Live verification: the URL must answer this status within the time, after the effect.

    `body_contains` may hold `{commit}`, replaced by the commit that was put there, so that the
    probe cannot be answered by the version before; of a deployment `{source}` is the commit of the branch.
    """

    url: Line
    status: int
    body_contains: Line
    within_seconds: int


class RepositoryPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is true of one repository: ref, environment, checks and live verification.

    `boundary` names what else one action on it may change, beside the repository and its environment (R67); `rescan`
    the command that scans a tree and writes SARIF, by which a finding must be gone before its fix is applied (R57);
    `release_tags` what stands before the version in the names of its releases (`v`), none: nothing is released from it.
    """

    repository: Name
    ref: Line
    environment: Name
    production: bool
    checks: tuple[Name, ...]
    verification: tuple[HttpProbe, ...]
    boundary: tuple[Line, ...] = ()
    rescan: Name | None = None
    release_tags: Line | None = None


class StagePolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a repository runs (R5): its environment, and how what runs there is looked at.

    What runs there follows the ref of the stage, or is brought by the executor to the `target` that is named. After a deployment every probe must hold, and again and again for
    `soak_seconds` (0 to 300). `boundary` as that of a repository. A stage with a `system` runs nothing: the executor gives
    that system the entitlements of the `document` in the tree, and both are named together. One with a `secret` too has that
    secret of the system rotated for the uses that the document names.
    """

    stage: Name
    repository: Name
    environment: Name
    production: bool
    verification: tuple[HttpProbe, ...]
    soak_seconds: int = 0
    boundary: tuple[Line, ...] = ()
    system: Name | None = None
    document: Line | None = None
    secret: Name | None = None
    target: Name | None = None


class FreezeWindow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A time in which nothing is executed (R59): from each time that `cron` names in the zone, for so many minutes.

    It stops what is in one of the repositories, in one of the environments and of one of the classes; none named: all.
    """

    window: Name
    cron: Line
    zone: Line
    minutes: int
    reason: Line
    repositories: tuple[Name, ...] = ()
    environments: tuple[Name, ...] = ()
    classes: tuple[ChangeClass, ...] = ()


class WorkloadKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A public key of an issuer of workload tokens, as a JWK (RFC 7517) with its one algorithm; never a private part."""

    kid: Line
    alg: Line
    kty: Line
    crv: Line = ""
    x: Line = ""
    y: Line = ""
    n: Line = ""
    e: Line = ""


class WorkloadSubject(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which `sub` (a SPIFFE ID, or what an OIDC issuer calls it) the executor with this key id is."""

    executor: Line
    subject: Line


class WorkloadProof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """In this environment the gate gives a credential only to an executor that this issuer vouches for as well (R52)."""

    environment: Name
    issuer: Line
    audience: Line
    keys: tuple[WorkloadKey, ...]
    executors: tuple[WorkloadSubject, ...]


class EstateActor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workload, environment, person, agent or executor, and the principals that it acts as."""

    kind: ActorKind
    name: Line
    acts_as: tuple[Line, ...]


class EstatePrincipal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A principal: which others it may become, and what it can change (`repository:NAME`, `environment:NAME`, or any name)."""

    name: Line
    becomes: tuple[Line, ...]
    reaches: tuple[Line, ...]


class Estate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who acts as which principal, as people declared it (R64, R67)."""

    actors: tuple[EstateActor, ...]
    principals: tuple[EstatePrincipal, ...]


class PolicyBundle(Body, frozen=True, kw_only=True, omit_defaults=True):
    """Body of a policy version. `previous` is the digest of the one before; no `estate`: nobody declared one."""

    NAME: ClassVar[str] = "policy_bundle"

    version: int
    previous: Digest | None
    schema: str
    policies: tuple[PolicyText, ...]
    commands: tuple[Command, ...]
    repositories: tuple[RepositoryPolicy, ...]
    estate: Estate | None = None
    windows: tuple[FreezeWindow, ...] = ()
    workloads: tuple[WorkloadProof, ...] = ()
    stages: tuple[StagePolicy, ...] = ()
