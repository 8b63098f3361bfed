"""What crosses the gate's own HTTP door, `/gate/v1/*`, beside git itself."""

from __future__ import annotations

import msgspec

from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.envelope import Envelope


class _Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class LeaseRequest(_Shape, frozen=True, kw_only=True, omit_defaults=True):
    """Ask for a push credential; `bundle` is null for a rollback, which the gate knows itself.

    `workload` is a token of the issuer that policy names for the environment, where it names one.
    """

    lease: Envelope
    bundle: CaseBundle | None
    withdrawals: tuple[Envelope, ...]
    workload: str = ""

    def __repr__(self) -> str:
        """Without the token."""
        return f"LeaseRequest(rollback={self.bundle is None!r})"


class DrillLeaseRequest(_Shape, frozen=True, kw_only=True, omit_defaults=True):
    """Ask for a push credential on the scratch repository of an ordered drill; `workload` as in a lease request."""

    lease: Envelope
    order: Envelope
    workload: str = ""

    def __repr__(self) -> str:
        """Without the token."""
        return "DrillLeaseRequest()"


class DrillRepositoryRequest(_Shape, frozen=True, kw_only=True):
    """Make the scratch repository of an ordered drill anew."""

    order: Envelope


class DrillRepositoryReply(_Shape, frozen=True, kw_only=True):
    """The scratch repository and the commit its ref points at."""

    repository: str
    ref: str
    commit: str


class HoldRelease(_Shape, frozen=True, kw_only=True):
    """Let other warrants have the refs that this warrant (by digest) held."""

    warrant: str


class HoldHalt(_Shape, frozen=True, kw_only=True):
    """This warrant (by digest) left its ref half done: hold it until people close the case `proposal`."""

    warrant: str
    proposal: str
    owner: str
    repository: str
    ref: str
    why: str


class Credential(_Shape, frozen=True, kw_only=True):
    """The one answer that ever holds the token."""

    lease: str
    token: str
    push_url: str
    expires: str

    def __repr__(self) -> str:
        """Without the token."""
        return f"Credential(lease={self.lease!r}, expires={self.expires!r})"


class LeaseView(_Shape, frozen=True, kw_only=True):
    """What the gate says of a lease and of what justifies it.

    `ref_state` is `old`, `new` or `other`; `executor_listed` whether its executor is one of the roster now;
    `age` and `left` are seconds, `left` 0 for what cannot be used. Without ground, `ground` is empty.
    """

    lease: str
    warrant: str
    purpose: str
    executor: str
    executor_listed: bool
    ground: str
    proposal: str
    decision: str
    approvers: tuple[str, ...]
    owner: str
    repository: str
    ref: str
    old: str
    new: str
    reason: str
    state: str
    usable: bool
    ref_state: str
    issued: str
    expires: str
    age: int
    left: int


class ClosedRepository(_Shape, frozen=True, kw_only=True):
    """A repository that a foreign lease closed; `name` is the digest that a thaw of it names."""

    name: str
    repository: str
    lease: str
    since: str


class LeaseList(_Shape, frozen=True, kw_only=True):
    """A page of the gate's leases, newest first; `next` is empty on the last, `orphans` have no ground."""

    leases: tuple[LeaseView, ...]
    next: str
    closed: tuple[ClosedRepository, ...]
    orphans: tuple[str, ...]


class Tip(_Shape, frozen=True, kw_only=True):
    """Where a ref stands; an empty commit when it does not exist."""

    repository: str
    ref: str
    commit: str


class StopKept(_Shape, frozen=True, kw_only=True):
    """A freeze, thaw or withdrawal that the gate keeps: `name` is its digest, or that of the freeze that a thaw lifts.

    `ended` are the leases whose credential died with it.
    """

    name: str
    ended: tuple[str, ...]


class StopList(_Shape, frozen=True, kw_only=True):
    """What people told the gate and nobody lifted."""

    freezes: tuple[Envelope, ...]
    thaws: tuple[Envelope, ...]
    withdrawals: tuple[Envelope, ...]
