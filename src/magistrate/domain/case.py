"""Case: a proposal on its way, and the rows that are told about it. Times in Unix seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from magistrate.domain.lifecycle import CaseState


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """What never changes of a case."""

    proposal: str
    id: str
    session: str
    session_digest: str
    agent: str
    owner: str
    finding: str
    title: str
    repository: str
    ref: str
    environment: str
    opened: int
    expires: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a case stands now; written by `usecases.transition` alone."""

    state: CaseState
    classes: tuple[str, ...] = ()
    strictness: str = ""
    why: str = ""
    updated: int = 0
    warrant: str | None = None
    warrant_seq: int | None = None
    warrant_expires: int | None = None
    taken: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case: its facts and its standing."""

    facts: CaseFacts
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Companion:
    """Another change by the same hands: its trees and its recomputed diff; `landed` or in flight.

    `left_out`: there are more than are judged together, and this one was not looked at. `tip_tree` is what
    stands on its ref now, where whoever gathered it knows; empty where it has to be looked up. `settled`: it
    landed, and two people agreed to it as a part of a whole.
    """

    proposal: str
    base_tree: str
    result_tree: str
    diff: bytes
    landed: bool
    left_out: bool = False
    repository: str = ""
    ref: str = ""
    tip_tree: str = ""
    settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An entry of the log; salts and commitments by the name of the payload."""

    seq: int
    leaf: bytes
    salts: Mapping[str, bytes] = field(repr=False)
    commitments: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An entry as it is told: what happened to which subject, and the facts."""

    seq: int
    event: str
    at: int
    subject: str
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """A session. `closed` is None while it is open."""

    session: str
    digest: str
    token_sha256: str
    client_sha256: str | None
    agent: str
    finding: str
    repository: str
    opened: int
    expires: int
    closed: int | None
    bytes_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRow:
    """A registered agent, or one that waits for its second signature (`pending`).

    `envelope` is the encoded manifest.
    """

    agent: str
    owner: str
    state: str
    manifest: str
    envelope: bytes
    updated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryRow:
    """A repository that the gate owns; `tip` is the last commit known to be ours."""

    repository: str
    ref: str
    environment: str
    ready: bool
    tip: str
    alarm: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRow:
    """The result of one drill; it counts until `expires`."""

    result: str
    order: str
    kind: str
    repository: str
    environment: str
    passed: bool
    issued: int
    expires: int
