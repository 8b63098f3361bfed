"""The tables of the executor's journal and what they refuse: written once, made by each engine in its own words.

Rule kept (invariants 6, 7): the database itself keeps entries, warrants, leases and drills; what `Refusal` says holds on every engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SCHEMA_VERSION: Final = 1

TABLES: Final = (
    """create table if not exists entries(
  sequence {key}, execution text not null, step text not null, status text not null,
  digest text not null unique, envelope {bytes} not null, sent {number} not null default 0)""",
    "create index if not exists entries_of on entries(execution, sequence)",
    "create index if not exists entries_unsent on entries(sequence) where sent = 0",
    """create table if not exists executions(
  {order}warrant text primary key, warrant_digest text not null unique, bundle {bytes} not null,
  proposal text, repository text, environment text, ref text, old text, commit_id text, inverse text,
  base_tree text, result_tree text, outcome text, report {bytes}, report_sent {number} not null default 0)""",
    """create table if not exists leases(
  {order}lease text primary key, execution text not null, purpose text not null, state text not null,
  warrant_digest text not null, proposal text not null, repository text not null, ref text not null,
  old text not null, new text not null, reason text not null, expires text not null,
  envelope {bytes} not null)""",
    "create index if not exists leases_open on leases(state) where state <> 'released'",
    """create table if not exists tips(repository text not null, ref text not null, tip text not null, alarmed text,
  primary key(repository, ref))""",
    """create table if not exists drills(
  sequence {key}, digest text not null unique, order_digest text not null,
  repository text not null, environment text not null, kind text not null, envelope {bytes} not null,
  sent {number} not null default 0)""",
    "create table if not exists pins(name text primary key, value {number} not null)",
    """create table if not exists foreign_leases(
  {order}lease text primary key not null, repository text not null, since {number} not null,
  told {number} not null default 0, ended {number} not null default 0)""",
    """create table if not exists demotions(
  sequence {key}, repository text not null, after_drill {number} not null, at {number} not null)""",
)
"""Statements with the words that differ: `{key}` a number that is given out where none is said, `{order}` a column `rowid` by which
rows are in the order in which they came, where the engine has none of itself, `{bytes}` and `{number}` types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A trigger: before `verb` on `table`, where `when` holds (`new` and `old` are the rows), the database says `says`."""

    name: str
    verb: str
    table: str
    says: str
    when: str = ""


REFUSALS: Final = (
    Refusal(name="entries_kept", verb="delete", table="entries", says="entries are kept"),
    Refusal(
        name="entries_fixed", verb="update of sequence, execution, step, status, digest, envelope", table="entries",
        says="entries are fixed",
    ),
    Refusal(name="drills_kept", verb="delete", table="drills", says="drills are kept"),
    Refusal(name="foreign_leases_kept", verb="delete", table="foreign_leases", says="foreign leases are kept"),
    Refusal(name="demotions_kept", verb="delete", table="demotions", says="demotions are kept"),
    Refusal(name="executions_kept", verb="delete", table="executions", says="executions are kept"),
    Refusal(name="leases_kept", verb="delete", table="leases", says="leases are kept"),
    Refusal(
        name="leases_have_executions", verb="insert", table="leases", says="a lease without execution",
        when="new.execution <> 'executor' and not exists (select 1 from executions where warrant = new.execution)",
    ),
    Refusal(
        name="released_stays", verb="update of state", table="leases", says="a released lease never goes back",
        when="old.state = 'released' and new.state <> 'released'",
    ),
    Refusal(
        name="pins_rise", verb="update of value", table="pins", says="a pin never sinks", when="new.value < old.value",
    ),
)  # fmt: skip
