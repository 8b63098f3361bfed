"""The tables of the executor's journal and the rows read from them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from magistrate.domain.execution import LeasePurpose, LeaseState

SCHEMA_VERSION: Final = 1

SCHEMA: Final = """
create table entries(
  sequence integer primary key, execution text not null, step text not null, status text not null,
  digest text not null unique, envelope blob not null, sent integer not null default 0);
create trigger entries_kept before delete on entries begin select raise(abort, 'entries are kept'); end;
create trigger entries_fixed before update of sequence, execution, step, status, digest, envelope on entries
  begin select raise(abort, 'entries are fixed'); end;
create index entries_of on entries(execution, sequence);
create index entries_unsent on entries(sequence) where sent = 0;
create table executions(
  warrant text primary key, warrant_digest text not null unique, bundle blob not null,
  proposal text, repository text, environment text, ref text, old text, commit_id text, inverse text,
  base_tree text, result_tree text, outcome text, report blob, report_sent integer not null default 0);
create table leases(
  lease text primary key, execution text not null, purpose text not null, state text not null,
  warrant_digest text not null, proposal text not null, repository text not null, ref text not null,
  old text not null, new text not null, reason text not null, expires text not null,
  envelope blob not null);
create index leases_open on leases(state) where state <> 'released';
create table tips(repository text not null, ref text not null, tip text not null, alarmed text,
  primary key(repository, ref));
create table drills(
  sequence integer primary key, digest text not null unique, order_digest text not null,
  repository text not null, environment text not null, kind text not null, envelope blob not null,
  sent integer not null default 0);
create trigger drills_kept before delete on drills begin select raise(abort, 'drills are kept'); end;
create table pins(name text primary key, value integer not null);
"""

SCHEMA_ADDED: Final = """
create table if not exists foreign_leases(
  lease text primary key not null, repository text not null, since integer not null,
  told integer not null default 0, ended integer not null default 0);
create trigger if not exists foreign_leases_kept before delete on foreign_leases
  begin select raise(abort, 'foreign leases are kept'); end;
create table if not exists demotions(
  sequence integer primary key, repository text not null, after_drill integer not null, at integer not null);
create trigger if not exists demotions_kept before delete on demotions
  begin select raise(abort, 'demotions are kept'); end;
create trigger if not exists leases_have_executions before insert on leases
  when new.execution <> 'executor' and not exists (select 1 from executions where warrant = new.execution)
  begin select raise(abort, 'a lease without execution'); end;
"""
"""What later programs added; made where it is missing, since nothing of before changes by it."""


class JournalStep(StrEnum):
    """Steps that are the executor's own; all others bear the name of an event of the log.

    Rule kept: an entry whose step is a word of `domain.events.Event` is that event and is
    written once for each occurrence; these here go to the journal only.
    """

    WARRANT_TAKEN = "warrant.taken"
    WARRANT_ADMITTED = "warrant.admitted"
    COMMITS_MADE = "commits.made"
    CHECKS_STARTED = "checks.started"
    CHECKS_DONE = "checks.done"
    LEASE_REVOKING = "lease.revoking"
    SYSTEM_STARTED = "system.started"
    SYSTEM_CHANGED = "system.changed"
    SECRET_PROBED = "secret.probed"  # noqa: S105  the name of a step
    VERIFICATION_STARTED = "verification.started"
    EXECUTION_RESUMED = "execution.resumed"
    DRILL_KEPT = "drill.kept"
    EXECUTION_ENDED = "execution.ended"
    HALT_TOLD = "halt.told"
    HALT_CLOSED = "halt.closed"
    KEY_HANDED_OVER = "key.handed_over"
    KEY_TAKEN_OVER = "key.taken_over"
    KEY_PROBED = "key.probed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRow:
    """One warrant that was taken. Empty strings until admission and commits are journaled."""

    warrant: str
    warrant_digest: str
    bundle: bytes
    proposal: str
    repository: str
    environment: str
    ref: str
    old: str
    commit: str
    inverse: str
    base_tree: str
    result_tree: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRow:
    """One credential, from before it was minted; every column says why it exists (R51)."""

    lease: str
    execution: str
    purpose: LeasePurpose
    state: LeaseState
    warrant_digest: str
    proposal: str
    repository: str
    ref: str
    old: str
    new: str
    reason: str
    expires: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip:
    """The commit this executor last left on a ref; `alarmed` is a foreign tip already told."""

    repository: str
    ref: str
    tip: str
    alarmed: str
