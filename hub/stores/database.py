"""``Store`` port on SQLAlchemy: SQLite for one process, PostgreSQL for many."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hub.errors import Misconfigured, RecordRejected, Unavailable
from hub.logging import get_logger
from hub.stores.causes import explain, refused_text

log = get_logger("database")

_BUSY_MS = 30_000
_POOL_SIZE = 16
_TIMELINE = """SELECT CASE WHEN pg_is_in_recovery() THEN NULL
    ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END"""
_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}


class Database:
    """``Store`` port. Thread-safe. A write inside a write of the same thread is a defect: it waits for itself.

    Connects at first use. Raises ``Misconfigured`` for a URL that cannot be used. ``name`` is what people read in
    errors: "store" or "vault", as the setting that has the URL (``store_url``).
    """

    def __init__(self, url: str, name: str = "store") -> None:
        self._name = name
        self._engine = engine_for(url)
        # A deferred transaction of SQLite in WAL mode is a snapshot as it is.
        self._snapshot: dict[str, Any] = (
            {} if self.embedded else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )
        # SQLite has one writer: waiting on a lock here is fair, waiting on its file is polling.
        self._turn: AbstractContextManager[Any] = threading.Lock() if self.embedded else nullcontext()
        self._timeline: str | None = None
        self._checked: str | None = None
        self._check: Callable[[], None] | None = None
        self._checking = threading.RLock(), threading.local()

    def after_failover(self, check: Callable[[], None]) -> None:
        """Call ``check`` before a transaction on another timeline of PostgreSQL: a standby was promoted while the hub
        ran, and may lack the last commits. Until ``check`` returns, every transaction raises what it raises."""
        if not self.embedded:
            self._check = check
            event.listen(self._engine, "connect", self._connected)

    def _connected(self, driver: Any, _record: Any) -> None:
        self._timeline = timeline(driver) or self._timeline

    def _compare(self) -> None:
        """Check the tables once for each timeline. The check itself opens transactions."""
        lock, thread = self._checking
        if self._timeline == self._checked or getattr(thread, "inside", False):
            return
        with lock:
            found = self._timeline
            if self._check and self._checked not in (None, found):
                thread.inside = True
                try:
                    self._check()
                finally:
                    thread.inside = False
            self._checked = found

    @property
    def engine(self) -> Engine:
        """The SQLAlchemy engine, for migrations and tests."""
        return self._engine

    @property
    def embedded(self) -> bool:
        """Whether one process owns the database (SQLite)."""
        return self._engine.dialect.name == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises. See the port."""
        with self._turn, _translated(self._name), self._open(hub_write=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot: all queries in the block see the same moment. See the port."""
        with _translated(self._name), self._open(**self._snapshot) as connection, connection.begin():
            yield connection

    def _open(self, **options: Any) -> Connection:
        connection = self._engine.connect()
        try:
            self._compare()
        except BaseException:
            connection.close()
            raise
        return connection.execution_options(**options)

    def close(self) -> None:
        self._engine.dispose()


def engine_for(url: str) -> Engine:
    """An engine with the hub's options: WAL and full durability on SQLite, and no parameters in error messages (P5).

    Raises ``Misconfigured`` for a URL that cannot be read, or another database than SQLite and PostgreSQL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise Misconfigured("the store URL cannot be read", "use sqlite:///PATH or postgresql+psycopg://…") from error
    backend = parsed.get_backend_name()
    if backend not in _DRIVERS:
        raise Misconfigured(f"no store for {backend}", "use sqlite:///PATH or postgresql+psycopg://…")
    if backend == "sqlite":
        return _sqlite(parsed.database)
    return create_engine(
        parsed.set(drivername=_DRIVERS[backend]),
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=_POOL_SIZE,
        # A pooler that gives each transaction another connection (PgBouncer) does not have what was prepared on one.
        connect_args={"prepare_threshold": None},
    )


def timeline(driver: Any) -> str | None:
    """The timeline that a connection of psycopg writes to, 8 hex digits. It changes with each promotion of a standby.
    ``None`` on a standby, and where the functions are missing or not granted."""
    import psycopg

    found = None
    try:
        found = driver.execute(_TIMELINE).fetchone()[0]
    except psycopg.Error as error:
        log.info("the database does not say its timeline", error=type(error).__name__)
    driver.rollback()
    return found


def _sqlite(path: str | None) -> Engine:
    if not path or path == ":memory:":
        raise Misconfigured("the store needs a file", "use sqlite:///PATH")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        f"sqlite:///{path}", hide_parameters=True, pool_size=_POOL_SIZE, connect_args={"check_same_thread": False}
    )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we send BEGIN ourselves
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={_BUSY_MS}",
        "foreign_keys=ON",
        "cache_size=-65536",
        "wal_autocheckpoint=8000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("hub_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Raise the driver's errors as ours: ``RecordRejected`` for a text that PostgreSQL does not take, which no check
    before found; ``Misconfigured`` or ``Unavailable`` where the cause is known (``hub.stores.causes``), else
    ``Unavailable`` when the connection or the database failed. A defect of a statement is raised as it is."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable(f"the {name} has no free connection") from error
    except DBAPIError as error:
        if code := refused_text(error):
            raise RecordRejected(code) from error
        if told := explain(error, f"the {name}", f"{name}_url"):
            raise told from error
        if error.connection_invalidated:
            raise Unavailable(f"the {name} closed the connection") from error
        if isinstance(error, OperationalError | InterfaceError):
            raise Unavailable(f"the {name}: the database is away ({type(error.orig).__name__})") from error
        raise
