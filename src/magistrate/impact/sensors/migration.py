"""Data at rest: schema migrations and statements that lose rows."""

from __future__ import annotations

import re
from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.sensing import RuleSensor, named, rule, says

PATHS: Final = re.compile(
    r"(?i)(?:^|/)(?:migrations?|migrate|alembic|flyway|liquibase)/|(?:^|/)V\d+__[^/]*\.sql$|\.sql$"
)
SAYS: Final = re.compile(
    r"(?m)^[ \t]*down_revision\s*=|migrations\.Migration\b|op\.(?:create|drop|alter)_|\bmigrations\.(?:Add|Remove|Run)"
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
