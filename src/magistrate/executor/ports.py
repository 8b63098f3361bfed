"""What the executor needs from the world, as Protocols on one page.

Rule kept: the executor starts nothing by itself and believes nobody. It asks control for
work, the gate for a credential, the assessor (a pinned program) for a verdict; everything
that comes back is checked against what it computed or verified before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from magistrate.authority.across import LinkedVerdict
from magistrate.authority.closures import Halt
from magistrate.domain.case import Companion
from magistrate.domain.entitlements import Entitlement
from magistrate.domain.impact import Strictness
from magistrate.domain.rotation import SecretUse
from magistrate.domain.stages import StagePlan
from magistrate.domain.tags import ReleasePlan
from magistrate.wire.assessment import Verdict
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.decision import Obligation
from magistrate.wire.effect import GitEffect, Release, StageEffect
from magistrate.wire.envelope import Envelope
from magistrate.wire.policy_bundle import Command, HttpProbe


class DrillCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order for the drills as control hands it over; believed only when it verifies."""

    order: Envelope
    roster: tuple[Envelope, ...]
    policy: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A credential for one action. The token lives in memory only and is never printed.

    `address` says where it works, as a URL or in libpq's words, and never holds the token.
    """

    lease: str
    token: str = field(repr=False)
    address: str
    expires: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderLease:
    """What the provider says of a lease: dead or usable, and where the ref stands.

    `state` is the provider's own word, `usable` its meaning; `ref_state` is `old`, `new`,
    `other` or empty when the provider does not say. `executor` is the key id it was minted for,
    `executor_listed` whether that is an executor of the roster now.
    """

    lease: str
    state: str
    usable: bool
    ref_state: str
    repository: str = ""
    executor: str = ""
    executor_listed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a probe or check saw: whether it was as wanted, and the observation in words."""

    held: bool
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One finding of a scan: its id, its rule, and the text of its place with one blank between words."""

    finding: str
    rule: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What a scan of one tree said; `read` when its output could be read whole, else `seen` says why not."""

    read: bool
    seen: str
    found: tuple[Found, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """The result of applying a diff to the tree of `old` in the executor's own repository."""

    base_tree: str
    result_tree: str
    manifest_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitSpec:
    """Everything that determines the bytes of a commit: same spec, same commit id.

    `at` is Unix seconds in UTC, used for author and committer date.
    """

    tree: str
    parent: str
    message: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What a change needs, as the executor recomputed it from policy and floor."""

    strictness: Strictness
    obligations: tuple[Obligation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentMatter:
    """What the assessor judges: a tree step in the executor's own repository.

    `bundle` carries the roster, policy, proposal and evidence envelopes that the ruling uses.
    """

    effect: GitEffect
    bundle: CaseBundle


class Clock(Protocol):
    """Time, passed in."""

    def now(self) -> int:
        """Unix seconds."""

    def monotonic(self) -> float:
        """Seconds that never go back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class ControlInbox(Protocol):
    """Control as the executor sees it: a source of work and a place for reports.

    Each method raises Unavailable when control cannot be reached.
    """

    def warrants(self) -> tuple[CaseBundle, ...]:
        """Bundles whose warrant nobody has taken."""

    def take(self, warrant: str) -> bool:
        """Take a warrant by its id; False when it is not there to be taken."""

    def drills(self) -> tuple[DrillCall, ...]:
        """Orders for drills that have no results yet."""

    def send_step(self, entry: Envelope) -> None:
        """Hand over one journal entry; idempotent."""

    def send_report(self, report: Envelope) -> None:
        """Hand over a report; idempotent."""

    def send_drill_result(self, result: Envelope) -> None:
        """Hand over the result of one drill; idempotent."""

    def log_export(self) -> bytes:
        """The whole log as control exports it (a tar archive), for the log-tamper drill."""


class Mint(Protocol):
    """Who mints and kills credentials. Methods raise Refused, NotFound or Unavailable."""

    def request(self, bundle: CaseBundle, lease: Envelope, withdrawals: tuple[Envelope, ...]) -> Credential:
        """Mint a credential for exactly the lease; its id is the id of the lease document."""

    def revoke(self, lease: str) -> ProviderLease:
        """Kill a credential by the id of its lease; idempotent."""

    def state(self, lease: str) -> ProviderLease:
        """What the provider says of a lease."""

    def leases(self) -> tuple[ProviderLease, ...]:
        """Every lease that the provider would honour now, for reconciliation."""

    def disown(self, lease: str) -> ProviderLease:
        """No journal knows this lease: kill it and close its repository until people thaw it; idempotent."""

    def probe(self, credential: Credential) -> Seen:
        """Try the credential; `held` when it was refused. Harmless either way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSecret:
    """A login and its new password, which lives in this process's memory only and is never printed."""

    login: str
    password: str = field(repr=False)


class Consumer(Protocol):
    """One consumer of a secret, which is told a new one. Methods raise Refused, or Unavailable where it is not known what happened."""

    @property
    def mint(self) -> Mint:
        """Who gives and ends a credential for it."""

    def switch(self, credential: Credential, secret: NewSecret) -> Seen:
        """Give it the new secret; held when it says that it runs with that. What it says is bounded and without the secret."""


class Broker(Mint, Protocol):
    """The mint of the embedded git service, which also keeps the refs that its credentials move."""

    def release_hold(self, warrant: str) -> None:
        """Let other warrants have the ref again, by the digest of the warrant that is over."""

    def hold_for_people(self, warrant: str, halt: Halt, why: str) -> None:
        """The warrant left its ref half done: nobody has it until people close the halted case."""

    def read_ref(self, repository: str, ref: str) -> str:
        """The commit the ref points at behind the gate; empty when the ref does not exist."""


class Target(Protocol):
    """The executor's own copy of a repository, and the push out of it."""

    def prepare(self, repository: str, ref: str, old: str) -> None:
        """Bring the objects of `old` into the executor's own repository."""

    def rebuild(self, repository: str, old: str, diff: bytes) -> Rebuilt:
        """Apply the diff to the tree of `old`, in isolation."""

    def commit(self, repository: str, spec: CommitSpec) -> str:
        """Make the commit in the executor's own repository; deterministic."""

    def plan_release(self, repository: str, branch: str, prefix: str, effect: Release) -> ReleasePlan:
        """Read what the release would be from the branch and the tags behind the gate; the newest of these is the one before."""

    def plan_stage(self, repository: str, branch: str, effect: StageEffect) -> StagePlan:
        """Read what the effect would be from branch and stage behind the gate; its commit is on the branch."""

    def document(self, repository: str, tree: str, path: str) -> frozenset[Entitlement]:
        """The entitlements that a document in a tree of the executor's own repository gives away."""

    def artifact(self, repository: str, tree: str) -> bytes:
        """The archive of a tree of the executor's own repository."""

    def secret_use(self, repository: str, tree: str, path: str) -> SecretUse:
        """Who uses a secret, by a document in a tree of the executor's own repository."""

    def tag(self, repository: str, text: bytes) -> str:
        """Make the tag object in the executor's own repository; deterministic."""

    def push(self, credential: Credential, repository: str, ref: str, new: str) -> Seen:
        """Push exactly one commit to one ref; the exit code is an observation, no verdict."""


class Assessor(Protocol):
    """The executor's own pinned assessor and policy engine."""

    def verdict(self, matter: AssessmentMatter) -> Verdict:
        """Judge the step from its trees; takes nothing from control's assessment."""

    def together(self, matter: AssessmentMatter, landed: Sequence[Companion]) -> tuple[Verdict, ...]:
        """Judge it as one change with what landed here by the same hands; empty where nothing did."""

    def across(
        self,
        matter: AssessmentMatter,
        landed: Sequence[Companion],
        elsewhere: Sequence[Companion],
        own: Sequence[Verdict],
    ) -> tuple[LinkedVerdict, ...]:
        """Judge what landed elsewhere by the same hands and is linked with it; empty where nothing is."""

    def ruling(self, matter: AssessmentMatter, verdict: Verdict, place: str = "") -> Ruling:
        """What policy and floor ask for, given the verdict; by the environment of the repository `place`, if another."""


class CheckRunner(Protocol):
    """Runs a command of the policy in the sandbox, on exactly one tree."""

    def run(self, repository: str, tree: str, command: Command) -> Seen:
        """Run it; `held` when it exited 0 within its time."""

    def scan(self, repository: str, tree: str, command: Command) -> Scanned:
        """Run a scanner that writes SARIF to its standard output, whatever it exits with."""


class LiveProbe(Protocol):
    """Looks at the live target, independently of any agent."""

    def look(self, probe: HttpProbe, commit: str) -> Seen:
        """One look; `held` when status and body are as the policy wants."""


class DrillGround(Protocol):
    """The gate's scratch repositories; nothing else may be named so."""

    def prepare_scratch(self, order: Envelope) -> str:
        """Create or clean the scratch repository; return the commit its ref points at."""

    def request_drill(self, order: Envelope, lease: Envelope) -> Credential:
        """Mint a credential on the scratch repository."""


class Alarm(Protocol):
    """Says loudly that something is wrong that a person must see."""

    def raise_alarm(self, what: str) -> None:
        """One sentence; never a secret."""
