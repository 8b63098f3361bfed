"""Data at rest: schema migrations and statements that change or lose rows, in SQL and in the words of frameworks."""

from __future__ import annotations

from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.sayings import says
from magistrate.impact.sensing import RuleSensor, Saying, line_start, named, rule

PATHS: Final = rx(r"(?i)(?:^|/)(?:migrations?|migrate|alembic|flyway|liquibase)/|(?:^|/)V\d+__[^/]*\.sql$|\.sql$")
SAYS: Final = Saying(
    starts=line_start(
        r"down_revision\b.*=|revision[ \t]*(?::[ \t]*str[ \t]*)?=[ \t]*[\"']|class[ \t]+(?!\w*Tests?\b)\w*[Mm]igration\w*\b|class[ \t]+\w+[ \t]*<[ \t]*(?:ActiveRecord::)?Migration|"
        r"(?:create|drop|change|rename|add|remove)_(?:table|columns?|index|reference|foreign_key|timestamps|enum|join_table|check_constraint)\b|"
        r"(?:Schema::|\$table->)|<databaseChangeLog|databaseChangeLog[ \t]*:|--[ \t]*(?:\+goose|\+migrate|liquibase|migrate:|atlas:|flyway)"
    ),
    words=(
        "igration",
        "op.create_",
        "op.drop_",
        "op.alter_",
        "op.execute",
        "op.add_",
        "op.batch_",
        "op.rename_",
        "op.get_bind",
        "xormigrate",
        "gormigrate",
        "queryInterface",
    ),
    around=rx(
        r"\bmigrations\.(?:Migration\b|Add|Remove|Run|Create|Alter|Delete|Rename|Separate)|\bop\.(?:create|drop|alter|execute|add|batch|rename|get_bind)|"
        r"\bxormigrate\b|\bgormigrate\b|\bMigration(?:Interface|Step|s)?\b\s{0,20}[\[{(:]|\bMigrationBuilder\b|queryInterface\.|\bActiveRecord::Migration|registerMigration|AddMigration\w*\("
    ),
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
            r"\b(?:DROP|TRUNCATE|ALTER|CREATE|RENAME|COMMENT\s+ON|REINDEX|VACUUM|LOCK)\s+(?:(?:OR\s+REPLACE|UNIQUE|TEMP(?:ORARY)?|UNLOGGED|MATERIALIZED|FOREIGN|CONCURRENTLY|IF\s+(?:NOT\s+)?EXISTS|VIRTUAL|GLOBAL|LOCAL|CONSTRAINT|EVENT|RECURSIVE|TEMPORARY)\s+)*"
            r"(?:TABLE|COLUMN|INDEX|DATABASE|SCHEMA|POLICY|VIEW|TRIGGER|FUNCTION|PROCEDURE|TYPE|DOMAIN|SEQUENCE|EXTENSION|CONSTRAINT|ROLE|USER|PUBLICATION|SUBSCRIPTION|AGGREGATE|COLLATION|OPERATOR|RULE|SERVER|CAST|MATERIALIZED|KEYSPACE)\b|\bTRUNCATE\s+\w|"
            r"\b(?:DELETE\s+FROM|INSERT\s+(?:IGNORE\s+|OR\s+\w+\s+)?INTO|REPLACE\s+INTO|UPDATE\s+\S+\s+SET|MERGE\s+INTO)\b|\b(?:drop|add|create|alter|rename|remove|change)_(?:table|column|index|foreign_key|constraint|reference|check_constraint)\b|"
            r"\b(?:add|drop|alter|rename|modify|change)\s+(?:column|constraint|primary\s+key|foreign\s+key|partition)\b|\bset\s+(?:not\s+null|default|statement_timeout|lock_timeout)\b|^\s*(?:begin|commit|start\s+transaction|rollback)\s*;",
            "changes or loses stored data",
            given="drop truncate alter create rename comment reindex vacuum lock delete insert replace update merge add remove change modify set begin commit start rollback",
        ),
    ),
    code_rules=(
        rule(
            r"\b(?:run_?)?migrations?\b\s*[.(:=\[]|\bmigrat(?:e|or|ion)\w*\(|\bsql\.open\(|\bgorm:\"|\bxorm:\"|\bautomigrate\b",
            "how stored data is migrated",
            given="migration migrations migrate migrator migrating migrates runmigrations sql gorm xorm automigrate migrationinterface",
        ),
    ),
)
