"""Alembic's entry: runs on the connection that ``hub.stores.migrate`` hands over, inside its transaction.

It needs no tables: every revision spells its own. ``tests/migration.py`` compares them with the tables of all rooms.
"""

from alembic import context

given = context.config.attributes
context.configure(
    connection=given["connection"], version_table=given["version_table"], transactional_ddl=False, target_metadata=None
)
context.run_migrations()
