"""Alembic environment: migrates the connection that the store hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from magistrate.adapters.stores.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
