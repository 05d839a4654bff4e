"""Migrations that travel with the package: ``upgrade`` brings a database to this version's tables."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, select

from hub.errors import Misconfigured
from hub.stores.database import Database
from hub.stores.tables import schema_floor

_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(url: str) -> str:
    """Bring the database at ``url`` to the newest revision and return it. Safe to run again and by several at once."""
    store = Database(url)
    try:
        with store.write() as connection:
            return upgrade_connection(connection)
    finally:
        store.close()


def upgrade_connection(connection: Connection, revision: str = "head") -> str:
    """As ``upgrade``, in the caller's transaction, or only to ``revision``.

    Tables of a newer hub are left as they are if this one may run on
    them (``schema_floor``): so hubs of two versions share the work while one after the other is replaced."""
    if connection.dialect.name == "postgresql":
        # Two hubs that start together: the second waits, then finds nothing to do.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7041176)")
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in _known():
        floor = connection.execute(select(schema_floor.c.revision)).scalar_one()
        if floor not in _known():
            raise Misconfigured(f"the database is of a newer hub (revision {found})", "update this hub")
        return found
    command.upgrade(_config(connection), revision)
    return head() if revision == "head" else revision


def head() -> str:
    """The revision that this version of the hub expects."""
    revision = ScriptDirectory(str(_SCRIPTS)).get_current_head()
    assert revision is not None
    return revision


def current_revision(connection: Connection) -> str | None:
    """The revision that the database is at; ``None`` for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def revisions_from(floor: str) -> list[str]:
    """The revisions from ``floor`` to the newest, in order."""
    newest_first = [script.revision for script in ScriptDirectory(str(_SCRIPTS)).walk_revisions()]
    return newest_first[newest_first.index(floor) :: -1]


def _known() -> set[str]:
    return {script.revision for script in ScriptDirectory(str(_SCRIPTS)).walk_revisions()}


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
