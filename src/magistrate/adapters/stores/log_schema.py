"""Tables and triggers of the log, version 1: the form that every later version must open.

Rule kept: rows of record are added and never changed or deleted, refused by the database
itself; a payload can only be erased, once, leaving a tombstone. `REPLACE` deletes without
asking delete triggers, so inserts over a row are refused as well. The same text serves both engines.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from magistrate.adapters.stores.append_only import refuse
from magistrate.adapters.stores.rows import Rows

_TABLES: Final = """
CREATE TABLE log_entry (seq INTEGER PRIMARY KEY, leaf BLOB NOT NULL, leaf_hash BLOB NOT NULL) STRICT;

CREATE TABLE log_tile (
  level INTEGER NOT NULL, n INTEGER NOT NULL, hashes BLOB NOT NULL, root BLOB NOT NULL, PRIMARY KEY (level, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_payload (
  commitment TEXT PRIMARY KEY, salt BLOB, name TEXT NOT NULL, media TEXT NOT NULL, bytes BLOB, erased TEXT
) STRICT;

CREATE TABLE log_checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
"""

_TRIGGERS: Final = """
log_entry_no_update BEFORE UPDATE ON log_entry;
log_entry_no_delete BEFORE DELETE ON log_entry;
log_entry_in_order BEFORE INSERT ON log_entry
  WHEN NEW.seq <> (SELECT COALESCE(MAX(seq) + 1, 0) FROM log_entry);
log_tile_no_update BEFORE UPDATE ON log_tile;
log_tile_no_delete BEFORE DELETE ON log_tile;
log_tile_once BEFORE INSERT ON log_tile
  WHEN EXISTS (SELECT 1 FROM log_tile WHERE level = NEW.level AND n = NEW.n);
log_checkpoint_no_update BEFORE UPDATE ON log_checkpoint;
log_checkpoint_no_delete BEFORE DELETE ON log_checkpoint;
log_checkpoint_grows BEFORE INSERT ON log_checkpoint
  WHEN NEW.size <= (SELECT MAX(size) FROM log_checkpoint);
log_payload_no_delete BEFORE DELETE ON log_payload;
log_payload_once BEFORE INSERT ON log_payload
  WHEN EXISTS (SELECT 1 FROM log_payload WHERE commitment = NEW.commitment);
log_payload_only_erased BEFORE UPDATE ON log_payload
  WHEN NOT (OLD.erased IS NULL AND NEW.erased IS NOT NULL AND NEW.bytes IS NULL AND NEW.salt IS NULL
    AND NEW.commitment = OLD.commitment AND NEW.name = OLD.name AND NEW.media = OLD.media);
"""


def _statements(text: str) -> list[str]:
    return [part.strip() for part in text.split(";\n") if part.strip()]


def create_tables(rows: Rows) -> None:
    """Create the log's tables and triggers in the caller's transaction."""
    for statement in _statements(_TABLES):
        rows.execute(statement if isinstance(rows, sqlite3.Connection) else _in_postgres(statement))
    refuse(rows, _statements(_TRIGGERS))


def _in_postgres(statement: str) -> str:
    plain = statement.replace(" STRICT, WITHOUT ROWID", "").replace(" STRICT", "")
    return plain.replace("BLOB", "BYTEA").replace("INTEGER", "BIGINT")
