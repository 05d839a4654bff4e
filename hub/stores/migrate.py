"""Migrations that travel with the package: a ``History`` brings one database to this version's tables.

The store has one (``STORE``), for the tables of all rooms; the vault has its own (``hub.privacy.tables.VAULT``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Table, select, update

from hub.errors import Misconfigured
from hub.stores.database import Database
from hub.stores.tables import schema_floor

_ENVIRONMENT = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class History:
    """The revisions of one database, oldest first, one file each in the folder ``versions``.

    ``floor`` is the table that names the oldest revision whose hub may still run on the tables; ``version_table``
    is where alembic keeps the revision; ``lock`` is the advisory lock (PostgreSQL) that a migration holds."""

    name: str
    versions: Path
    floor: Table
    version_table: str
    lock: int

    def upgrade(self, url: str, others: Iterable[Table] = ()) -> str:
        """Bring the database at ``url`` to the newest revision and return it. Safe to run again and by several at
        once.

        ``others`` are tables that this history does not know (a procedure's from another wheel): they are created where
        they are missing, and never changed. Raises ``Misconfigured`` when the database is of a newer hub that this one
        may not run with, ``Unavailable`` when it is away."""
        store = Database(url, self.name)
        try:
            with store.write() as connection:
                revision = self.upgrade_connection(connection)
                for table in others:
                    table.create(connection, checkfirst=True)
                return revision
        finally:
            store.close()

    def upgrade_connection(self, connection: Connection, revision: str = "head") -> str:
        """As ``upgrade``, in the caller's transaction, or only to ``revision``.

        Tables of a newer hub are left as they are if this one may run on them (``floor``): so hubs of two versions
        share the work while one after the other is replaced."""
        if connection.dialect.name == "postgresql":
            # Two hubs that start together: the second waits, then finds nothing to do.
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({self.lock})")
        found = self.current(connection)
        if found is not None and found not in self._known():
            lowest = connection.execute(select(self.floor.c.revision)).scalar_one()
            if lowest not in self._known():
                raise Misconfigured(f"the {self.name} is of a newer hub (revision {found})", "update this hub")
            return found
        command.upgrade(self._config(connection), revision)
        return self.head() if revision == "head" else revision

    def current(self, connection: Connection) -> str | None:
        """The revision that the database is at; ``None`` for an empty one."""
        return self.context(connection).get_current_revision()

    def head(self) -> str:
        """The newest revision that this version of the hub knows."""
        revision = self._scripts().get_current_head()
        assert revision is not None
        return revision

    def revisions_from(self, floor: str) -> list[str]:
        """The revisions from ``floor`` to the newest, in order."""
        newest_first = [script.revision for script in self._scripts().walk_revisions()]
        return newest_first[newest_first.index(floor) :: -1]

    def check(self, connection: Connection) -> str:
        """The revision of the database. Raises ``Misconfigured`` when it is empty or older than this hub needs."""
        found = self.current(connection)
        if found is None or (found in self._known() and found != self.head()):
            raise Misconfigured(
                f"the {self.name} is at revision {found}, this hub needs {self.head()}",
                "start `hub run`: it migrates",
            )
        return found

    def try_write(self, connection: Connection) -> None:
        """Write something and change nothing, so that a database that may not be written is found. Raises as the
        transaction does."""
        connection.execute(update(self.floor).values(revision=self.floor.c.revision))

    def context(self, connection: Connection) -> MigrationContext:
        """Alembic's view of a database of this history."""
        return MigrationContext.configure(connection, opts={"version_table": self.version_table})

    def _known(self) -> set[str]:
        return {script.revision for script in self._scripts().walk_revisions()}

    def _scripts(self) -> ScriptDirectory:
        return ScriptDirectory(str(_ENVIRONMENT), version_locations=[str(self.versions)])

    def _config(self, connection: Connection) -> Config:
        config = Config()
        config.set_main_option("script_location", _escaped(_ENVIRONMENT))
        config.set_main_option("version_locations", _escaped(self.versions))
        config.set_main_option("path_separator", "newline")
        config.attributes["connection"] = connection
        config.attributes["version_table"] = self.version_table
        return config


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")


STORE = History("store", _ENVIRONMENT / "versions", schema_floor, "alembic_version", 7041176)
