"""Alembic's entry: runs on the connection that ``hub.stores.migrate`` hands over, inside its transaction."""

from alembic import context

from hub.stores.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=False)
context.run_migrations()
