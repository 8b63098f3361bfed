"""The first store: tables of the log, rows of record with their triggers, projections."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from magistrate.adapters.stores.append_only import refuse
from magistrate.adapters.stores.engine import raw
from magistrate.adapters.stores.log_schema import create_tables

revision = "0001"
down_revision = None

RECORD: Final = ("document", "proposal_case", "payload_ref", "event", "withdrawal", "drill", "finding")
KEYS: Final = {
    "document": "digest", "proposal_case": "proposal", "event": "seq", "withdrawal": "approval",
    "drill": "result", "finding": "id",
}  # fmt: skip


def upgrade() -> None:
    """Forward only."""
    _record_of_cases()
    _record_of_the_rest()
    _projections()
    _small_projections()
    rows = raw(op.get_bind())
    refuse(rows, _refusals())
    create_tables(rows)


def _refusals() -> list[str]:
    made = [f"{table}_no_{verb.lower()} BEFORE {verb} ON {table}" for table in RECORD for verb in ("UPDATE", "DELETE")]
    for table, key in KEYS.items():
        same = f"{key} = NEW.{key}"
        made.append(f"{table}_once BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})")  # noqa: S608  names from this file
    same = "proposal = NEW.proposal AND name = NEW.name"
    made.append(f"payload_ref_once BEFORE INSERT ON payload_ref WHEN EXISTS (SELECT 1 FROM payload_ref WHERE {same})")  # noqa: S608
    return made


def _record_of_cases() -> None:
    op.create_table(
        "document",
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("proposal", sa.String(length=71), nullable=True),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index(op.f("ix_document_proposal"), "document", ["proposal"], unique=False)
    op.create_table(
        "payload_ref",
        sa.Column("proposal", sa.String(length=71), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("commitment", sa.String(length=71), nullable=False),
        sa.PrimaryKeyConstraint("proposal", "name"),
    )
    op.create_table(
        "proposal_case",
        sa.Column("proposal", sa.String(length=71), nullable=False),
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.Column("session", sa.String(length=30), nullable=False),
        sa.Column("session_digest", sa.String(length=71), nullable=False),
        sa.Column("agent", sa.String(length=100), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("repository", sa.String(length=100), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("environment", sa.String(length=100), nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("proposal"),
        sa.UniqueConstraint("id"),
    )
    op.create_index(op.f("ix_proposal_case_repository"), "proposal_case", ["repository"], unique=False)
    op.create_index(op.f("ix_proposal_case_session"), "proposal_case", ["session"], unique=False)


def _record_of_the_rest() -> None:
    op.create_table(
        "drill",
        sa.Column("result", sa.String(length=71), nullable=False),
        sa.Column("order", sa.String(length=71), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("repository", sa.String(length=100), nullable=False),
        sa.Column("environment", sa.String(length=100), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("result"),
    )
    op.create_index(op.f("ix_drill_order"), "drill", ["order"], unique=False)
    op.create_table(
        "event",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event", sa.String(length=60), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("facts", sa.String(length=71), nullable=False),
        sa.Column("once", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("once"),
    )
    op.create_index(op.f("ix_event_subject"), "event", ["subject"], unique=False)
    op.create_table(
        "finding",
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.Column("repository", sa.String(length=100), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_finding_repository"), "finding", ["repository"], unique=False)
    op.create_table(
        "withdrawal",
        sa.Column("approval", sa.String(length=71), nullable=False),
        sa.Column("withdrawal", sa.String(length=71), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("approval"),
    )


def _projections() -> None:
    op.create_table(
        "case_state",
        sa.Column("proposal", sa.String(length=71), nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("classes", sa.Text(), nullable=False),
        sa.Column("strictness", sa.String(length=10), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("warrant", sa.String(length=30), nullable=True),
        sa.Column("warrant_seq", sa.BigInteger(), nullable=True),
        sa.Column("warrant_expires", sa.BigInteger(), nullable=True),
        sa.Column("taken", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("proposal"),
        sa.UniqueConstraint("warrant"),
    )
    op.create_index(op.f("ix_case_state_state"), "case_state", ["state"], unique=False)
    op.create_table(
        "session_state",
        sa.Column("session", sa.String(length=30), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("token_sha256", sa.String(length=71), nullable=False),
        sa.Column("client_sha256", sa.String(length=71), nullable=True),
        sa.Column("agent", sa.String(length=100), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("repository", sa.String(length=100), nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("closed", sa.BigInteger(), nullable=True),
        sa.Column("bytes_left", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("session"),
        sa.UniqueConstraint("digest"),
        sa.UniqueConstraint("token_sha256"),
    )


def _small_projections() -> None:
    op.create_table(
        "agent_state",
        sa.Column("agent", sa.String(length=100), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("manifest", sa.String(length=71), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agent"),
    )
    op.create_table(
        "repository_state",
        sa.Column("repository", sa.String(length=100), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("environment", sa.String(length=100), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("tip", sa.String(length=40), nullable=False),
        sa.Column("alarm", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("repository"),
    )
    op.create_table(
        "seen_request",
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_seen_request_expires"), "seen_request", ["expires"], unique=False)
    op.create_table(
        "store_state",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
