"""Data at rest: schema migrations and statements that lose rows."""

from __future__ import annotations

import re
from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.sensing import RuleSensor, Saying, line_start, named, rule, says

PATHS: Final = re.compile(
    r"(?i)(?:^|/)(?:migrations?|migrate|alembic|flyway|liquibase)/|(?:^|/)V\d+__[^/]*\.sql$|\.sql$"
)
SAYS: Final = Saying(
    starts=line_start(r"down_revision[ \t]*="),
    words=("migrations.", "op.create_", "op.drop_", "op.alter_"),
    around=re.compile(r"\bmigrations\.(?:Migration\b|Add|Remove|Run)|op\.(?:create|drop|alter)_"),
)


def _role(file: ChangedFile) -> str | None:
    return (
        "this changes stored data or its shape, and its digest may be recorded"
        if named(file, PATHS) or says(file, SAYS)
        else None
    )


SENSOR: Final = RuleSensor(
    name="migration",
    kind=ChangeClass.MIGRATION,
    role=_role,
    rules=(
        rule(
            r"\b(?:DROP|TRUNCATE|ALTER|CREATE)\s+(?:TABLE|COLUMN|INDEX|DATABASE|SCHEMA|POLICY)\b|\bDELETE\s+FROM\b|\bdrop_(?:table|column)\b",
            "changes or loses stored data",
        ),
    ),
)
