"""Tables of the store, besides those of the log.

Rows of record (`RECORD`) are only ever added: triggers refuse UPDATE and DELETE, whoever asks.
Projections (`*_state`) are mutable and can be rebuilt from the record.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, MetaData, String, Table, Text

METADATA: Final = MetaData()

document = Table(
    "document", METADATA,
    Column("digest", String(71), primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("proposal", String(71), index=True),
    Column("author", String(120), nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("seq", BigInteger, nullable=False),
)  # fmt: skip

proposal_case = Table(
    "proposal_case", METADATA,
    Column("proposal", String(71), primary_key=True),
    Column("id", String(30), nullable=False, unique=True),
    Column("session", String(30), nullable=False, index=True),
    Column("session_digest", String(71), nullable=False),
    Column("agent", String(100), nullable=False),
    Column("owner", String(100), nullable=False),
    Column("finding", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("repository", String(100), nullable=False, index=True),
    Column("ref", Text, nullable=False),
    Column("environment", String(100), nullable=False),
    Column("opened", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
)  # fmt: skip

payload_ref = Table(
    "payload_ref", METADATA,
    Column("proposal", String(71), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("commitment", String(71), nullable=False),
)  # fmt: skip

event = Table(
    "event", METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("event", String(60), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("subject", String(120), nullable=False, index=True),
    Column("facts", String(71), nullable=False),
    Column("once", String(200), unique=True),
)  # fmt: skip

withdrawal = Table(
    "withdrawal", METADATA,
    Column("approval", String(71), primary_key=True),
    Column("withdrawal", String(71), nullable=False),
    Column("epoch", BigInteger, nullable=False),
)  # fmt: skip

drill = Table(
    "drill", METADATA,
    Column("result", String(71), primary_key=True),
    Column("order", String(71), nullable=False, index=True),
    Column("kind", String(30), nullable=False),
    Column("repository", String(100), nullable=False),
    Column("environment", String(100), nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("issued", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
)  # fmt: skip

finding = Table(
    "finding", METADATA,
    Column("id", String(30), primary_key=True),
    Column("repository", String(100), nullable=False, index=True),
    Column("content", LargeBinary, nullable=False),
    Column("first_seen", BigInteger, nullable=False),
    Column("source", String(120), nullable=False),
)  # fmt: skip

case_state = Table(
    "case_state", METADATA,
    Column("proposal", String(71), primary_key=True),
    Column("state", String(30), nullable=False, index=True),
    Column("classes", Text, nullable=False),
    Column("strictness", String(10), nullable=False),
    Column("why", Text, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("warrant", String(30), unique=True),
    Column("warrant_seq", BigInteger),
    Column("warrant_expires", BigInteger),
    Column("taken", BigInteger),
)  # fmt: skip

session_state = Table(
    "session_state", METADATA,
    Column("session", String(30), primary_key=True),
    Column("digest", String(71), nullable=False, unique=True),
    Column("token_sha256", String(71), nullable=False, unique=True),
    Column("client_sha256", String(71)),
    Column("agent", String(100), nullable=False),
    Column("finding", Text, nullable=False),
    Column("repository", String(100), nullable=False),
    Column("opened", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("closed", BigInteger),
    Column("bytes_left", BigInteger, nullable=False),
)  # fmt: skip

agent_state = Table(
    "agent_state", METADATA,
    Column("agent", String(100), primary_key=True),
    Column("owner", String(100), nullable=False),
    Column("state", String(20), nullable=False),
    Column("manifest", String(71), nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("updated", BigInteger, nullable=False),
)  # fmt: skip

repository_state = Table(
    "repository_state", METADATA,
    Column("repository", String(100), primary_key=True),
    Column("ref", Text, nullable=False),
    Column("environment", String(100), nullable=False),
    Column("ready", Boolean, nullable=False),
    Column("tip", String(40), nullable=False),
    Column("alarm", Text, nullable=False),
)  # fmt: skip

seen_request = Table(
    "seen_request", METADATA,
    Column("id", String(30), primary_key=True),
    Column("expires", BigInteger, nullable=False, index=True),
)  # fmt: skip

store_state = Table(
    "store_state", METADATA,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
    Column("number", Integer, nullable=False),
)  # fmt: skip

RECORD: Final = (
    "document", "proposal_case", "payload_ref", "event", "withdrawal", "drill", "finding",
)  # fmt: skip
"""Tables whose rows the database itself never lets change or go."""
