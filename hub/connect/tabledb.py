"""Reads a registry's exchange database: time-outs for each dialect, one snapshot per read, errors of the hub."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, NoSuchModuleError, NoSuchTableError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hub.connect.spec import Limits
from hub.errors import Misconfigured, Unavailable

_NOT_THERE = ("no such", "does not exist", "doesn't exist", "unknown column", "invalid identifier", "invalid column")
Names = Mapping[str, set[str]]
"""Table → the columns that are read."""


class TableDatabase:
    """Reads one exchange database and never writes to it. Thread-safe.

    ``name`` is the connector's. Connects at the first read. Raises ``Misconfigured`` for a URL that cannot be used.
    """

    def __init__(self, name: str, url: str, limits: Limits, names: Names) -> None:
        self._name = name
        self._names = names
        self._engine = _engine(name, url, limits)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection with one snapshot, so that a row and its lines belong together.

        Raises ``Misconfigured`` when a table or column is missing, ``Unavailable`` for any other database error.
        """
        try:
            with self._engine.connect() as connection, connection.begin():
                yield connection
        except (PoolTimeout, InterfaceError) as error:
            raise Unavailable(
                f"{self._name}: no connection to the exchange database ({type(error).__name__})"
            ) from None
        except DatabaseError as error:
            raise self._judged(error) from None

    def _judged(self, error: DatabaseError) -> Exception:
        words = str(error.orig).lower()
        missing = self.drift()[1] if any(sign in words for sign in _NOT_THERE) else []
        if not missing:
            return Unavailable(f"{self._name}: the exchange database is away ({type(error.orig).__name__})")
        return Misconfigured(
            f"{self._name}: the exchange database has no {', '.join(missing)}",
            "ask its owner what changed; `hub connectors probe` shows the difference",
        )

    def drift(self) -> tuple[list[str], list[str]]:
        """(Columns that are new, columns that are missing), each as ``table.column``, in alphabetical order."""
        strange: list[str] = []
        missing: list[str] = []
        inspector = inspect(self._engine)
        for name, wanted in self._names.items():
            try:
                there = {entry["name"] for entry in inspector.get_columns(name)}
            except NoSuchTableError:
                there = set()
            strange += (f"{name}.{one}" for one in there - wanted)
            missing += (f"{name}.{one}" for one in wanted - there)
        return sorted(strange), sorted(missing)

    def close(self) -> None:
        """Close the pool's connections."""
        self._engine.dispose()


def _engine(name: str, url: str, limits: Limits) -> Engine:
    try:
        parsed = make_url(url)
        engine = create_engine(
            parsed,
            hide_parameters=True,
            pool_size=8,
            max_overflow=8,
            pool_timeout=limits.pool_timeout_s,
            pool_pre_ping=True,
            connect_args=_connect_args(name, parsed, limits),
        )
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise Misconfigured(
            f"connectors.{name}.url cannot be used ({type(error).__name__})",
            "give an SQLAlchemy URL and install its driver",
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_reads)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ") if _has_snapshots(engine) else engine


def _connect_args(name: str, url: URL, limits: Limits) -> dict[str, Any]:
    """Time-outs as the driver names them. For other drivers than these, the URL must set them."""
    whole, connect = limits.total_timeout_s, max(1, round(limits.connect_timeout_s))
    backend, driver = url.get_backend_name(), url.get_driver_name()
    if backend == "sqlite":
        if not url.database or not Path(url.database).exists():
            raise Misconfigured(f"connectors.{name}.url: there is no such SQLite file", "correct the path")
        return {"timeout": limits.read_timeout_s, "check_same_thread": False}
    if backend == "postgresql":
        limit_ms = round(whole * 1000)
        return {"connect_timeout": connect, "options": f"-c statement_timeout={limit_ms} -c lock_timeout={limit_ms}"}
    if driver == "pymysql":
        return {"connect_timeout": connect, "read_timeout": whole, "write_timeout": limits.write_timeout_s}
    return {}


def _has_snapshots(engine: Engine) -> bool:
    return engine.dialect.name in ("postgresql", "mysql", "mariadb")


def _sqlite_reads(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we send BEGIN ourselves, so that a read is one snapshot
    connection.execute("PRAGMA query_only = ON")
