"""Migrations that travel with the package: ``upgrade`` brings a database to this version's tables."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from hub.errors import Misconfigured
from hub.stores.database import Database

_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(url: str) -> str:
    """Bring the database at ``url`` to the newest revision and return it. Safe to run again and by several at once."""
    store = Database(url)
    try:
        with store.write() as connection:
            return upgrade_connection(connection)
    finally:
        store.close()


def upgrade_connection(connection: Connection) -> str:
    """As ``upgrade``, in the caller's transaction."""
    if connection.dialect.name == "postgresql":
        # Two hubs that start together: the second waits, then finds nothing to do.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7041176)")
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in _known():
        raise Misconfigured(f"the database is of a newer hub (revision {found})", "update this hub")
    command.upgrade(_config(connection), "head")
    return head()


def head() -> str:
    """The revision that this version of the hub expects."""
    revision = ScriptDirectory(str(_SCRIPTS)).get_current_head()
    assert revision is not None
    return revision


def current_revision(connection: Connection) -> str | None:
    """The revision that the database is at; ``None`` for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def _known() -> set[str]:
    return {script.revision for script in ScriptDirectory(str(_SCRIPTS)).walk_revisions()}


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
