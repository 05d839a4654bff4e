"""Reads a registry's exchange database: time-outs for each dialect, one snapshot per read, errors of the hub."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import URL, Connection, Engine, Inspector, create_engine, event, inspect, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    InterfaceError,
    NoSuchModuleError,
    NoSuchTableError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hub.connect.spec import Limits
from hub.errors import Misconfigured, Unavailable
from hub.stores.causes import TYPES, cause_of, explain

_NOT_THERE = ("no such", "does not exist", "doesn't exist", "unknown column", "invalid identifier", "invalid column")
_PLAIN_DATES = "-c datestyle=ISO,YMD"
_NO_WRITES = "-c default_transaction_read_only=on"
Names = Mapping[str, set[str]]
"""Table → the columns that are read."""


class TableDatabase:
    """Reads one exchange database. Only with ``writes`` it changes anything: the receiver's own columns, or the rows of
    a sink. Thread-safe.

    ``name`` is the connector's, ``setting`` that of the URL; ``optional``: those of ``names`` that may be absent.
    Connects at the first read. Raises ``Misconfigured`` for a URL that cannot be used.
    """

    def __init__(
        self,
        name: str,
        url: str,
        limits: Limits,
        names: Names,
        writes: bool = False,
        setting: str = "url",
        optional: Names = MappingProxyType({}),
    ) -> None:
        self._name = name
        self._names = names
        self._optional = optional
        self._absent: dict[str, frozenset[str]] = {}
        self._setting = f"connectors.{name}.{setting}"
        self._engine = _engine(self._setting, url, limits, writes)

    @property
    def dialect(self) -> str:
        """The database's name in SQLAlchemy."""
        return self._engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection with one snapshot, so that a row and its lines belong together.

        Raises ``Misconfigured`` for an error that a person must correct, such as a missing column or grant,
        ``Unavailable`` for any other.
        """
        with self._judging(), self._engine.connect() as connection, connection.begin():
            yield connection

    def absent(self, connection: Connection, name: str) -> frozenset[str]:
        """Which optional columns a table does not have; looked up once."""
        wanted = self._optional.get(name)
        if not wanted:
            return frozenset()
        if name not in self._absent:
            there = {entry["name"] for entry in _columns(inspect(connection), name)}
            self._absent[name] = frozenset(wanted - there)
        return self._absent[name]

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is committed at the end. Raises as ``read`` does."""
        with self._judging(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _judging(self) -> Iterator[None]:
        try:
            yield
        except PoolTimeout:
            raise Unavailable(f"{self._name}: all our connections to the exchange database are busy") from None
        except UnicodeDecodeError:
            raise Misconfigured(
                f"{self._name}: the exchange database sends texts in another encoding than it says",
                f"name the encoding in connectors.{self._name}.url (client_encoding, charset), as its owner says it",
            ) from None
        except (InterfaceError, DatabaseError, AssertionError) as error:  # the last one: it is another database
            raise self._judged(error) from None

    def _judged(self, error: InterfaceError | DatabaseError | AssertionError) -> Exception:
        cause = getattr(error, "orig", None) or error
        if missing := self._missing(str(cause).lower()):
            return Misconfigured(
                f"{self._name}: the exchange database has no {', '.join(missing)}",
                self._in_other_letters() or "ask its owner what changed; `hub connectors probe` shows the difference",
            )
        if cause_of(error) is TYPES:
            return Misconfigured(
                f"{self._name}: a column of the exchange database has another type than [table] says",
                "compare `time_as`, `key`, `parent` and the columns of `lookups` with the types of the table",
            )
        known = explain(error, f"{self._name}: the exchange database", self._setting)
        return known or Unavailable(f"{self._name}: the exchange database fails ({type(cause).__name__})")

    def _missing(self, words: str) -> list[str]:
        """What is missing, when the words of an error say that something is."""
        try:
            return self._drift()[1] if any(sign in words for sign in _NOT_THERE) else []
        except SQLAlchemyError:
            return []  # it is the database itself, or the role

    def _in_other_letters(self) -> str:
        """The remedy, when the names that are missing are there in small or capital letters; else ""."""
        inspector, known = inspect(self._engine), dict[str, set[str]]()
        for name in self._names:
            for form in (name, name.lower(), name.upper()):
                with suppress(NoSuchTableError):
                    known.setdefault(form, {entry["name"] for entry in _columns(inspector, form)})
        there = {f"{table}.{column}" for table, columns in known.items() for column in columns}
        wanted = {f"{table}.{column}" for table, columns in self._names.items() for column in columns}
        found = sorted(name for name in there - wanted if name.lower() in {one.lower() for one in wanted - there})
        return f"write the names as the database has them: {', '.join(found)}" if found else ""

    def drift(self) -> tuple[list[str], list[str]]:
        """(Columns that are new, columns that are missing), each as ``table.column``, in alphabetical order. Raises as
        ``read`` does."""
        with self._judging():
            return self._drift()

    def _drift(self) -> tuple[list[str], list[str]]:
        strange: list[str] = []
        missing: list[str] = []
        inspector = inspect(self._engine)
        for name, wanted in self._names.items():
            try:
                there = {entry["name"] for entry in _columns(inspector, name)}
            except NoSuchTableError:
                there = set()
            strange += (f"{name}.{one}" for one in there - wanted)
            missing += (f"{name}.{one}" for one in wanted - there - self._optional.get(name, set()))
        return sorted(strange), sorted(missing)

    def close(self) -> None:
        """Close the pool's connections."""
        self._engine.dispose()


def _columns(inspector: Inspector, name: str) -> list[Any]:
    schema, _, table = name.rpartition(".")
    return list(inspector.get_columns(table, schema or None))


def _engine(setting: str, url: str, limits: Limits, writes: bool) -> Engine:
    try:
        parsed = make_url(url)
        engine = create_engine(
            parsed,
            hide_parameters=True,
            pool_size=8,
            max_overflow=8,
            pool_timeout=limits.pool_timeout_s,
            pool_pre_ping=True,
            connect_args=_connect_args(setting, parsed, limits, writes),
        )
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise Misconfigured(
            f"{setting} cannot be used ({type(error).__name__})",
            "give an SQLAlchemy URL and install its driver",
        ) from None
    whole_ms = round(limits.total_timeout_s * 1000)
    if engine.dialect.name == "sqlite" and writes:
        return engine
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_reads)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        return engine
    if engine.driver == "psycopg":
        event.listen(engine, "connect", _days_as_text)
        dialect: Any = engine.dialect
        dialect._get_server_version_info = partial(_version, dialect._get_server_version_info)
    if engine.driver == "oracledb":
        event.listen(engine, "connect", lambda connection, _record: setattr(connection, "call_timeout", whole_ms))
    if engine.driver == "pymysql":
        event.listen(engine, "connect", lambda connection, _record: _of_mysql(connection, limits, writes))
    snapshots = not writes and _has_snapshots(engine)
    return engine.execution_options(isolation_level="REPEATABLE READ") if snapshots else engine


def _connect_args(setting: str, url: URL, limits: Limits, writes: bool) -> dict[str, Any]:
    """Time-outs as the driver names them. For other drivers than these, the URL must set them."""
    whole, connect = limits.total_timeout_s, max(1, round(limits.connect_timeout_s))
    backend, driver = url.get_backend_name(), url.get_driver_name()
    if backend == "sqlite":
        if not url.database or not Path(url.database).exists():
            raise Misconfigured(f"{setting}: there is no such SQLite file", "correct the path")
        return {"timeout": limits.read_timeout_s, "check_same_thread": False}
    if backend == "postgresql":
        limit_ms, own = round(whole * 1000), "" if writes else _NO_WRITES
        return {
            "connect_timeout": connect,
            "options": f"{_PLAIN_DATES} -c statement_timeout={limit_ms} -c lock_timeout={limit_ms} {own}",
            # A prepared statement fails again and again after the owner widened a column.
            "prepare_threshold": None,
        }
    if driver == "pymysql":
        return {"connect_timeout": connect, "read_timeout": whole + 1, "write_timeout": limits.write_timeout_s}
    if driver == "oracledb":
        return {"tcp_connect_timeout": connect}
    return {}


def _has_snapshots(engine: Engine) -> bool:
    return engine.dialect.name in ("postgresql", "mysql", "mariadb")


def _sqlite_reads(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we send BEGIN ourselves, so that a read is one snapshot
    connection.text_factory = _text_or_bytes
    connection.execute("PRAGMA query_only = ON")


def _text_or_bytes(stored: bytes) -> str | bytes:
    """A text that is not UTF-8 stays bytes: the driver would refuse its whole page."""
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return stored


def _version(known: Callable[[Connection], Any], connection: Connection) -> Any:
    """The server's version. Servers that speak PostgreSQL's protocol and call themselves something else (人大金仓,
    瀚高, openGauss) say by the protocol which PostgreSQL they are like."""
    try:
        return known(connection)
    except AssertionError:
        driver: Any = connection.connection.dbapi_connection
        number = driver.info.server_version
        return (number // 10_000, number // 100 % 100, number % 100)


def _of_mysql(connection: Any, limits: Limits, writes: bool) -> None:
    """Days of Beijing, no writes where none are needed, and the longest time of a statement, which the two servers call
    differently."""
    seconds = limits.total_timeout_s
    if "MariaDB" in connection.get_server_info():
        longest = f"max_statement_time = {seconds:f}"
    else:
        longest = f"max_execution_time = {round(seconds * 1000)}"
    with connection.cursor() as cursor:
        cursor.execute(f"SET time_zone = '+08:00', lock_wait_timeout = {max(1, round(seconds))}, {longest}")
        if not writes:
            cursor.execute("SET SESSION TRANSACTION READ ONLY")


def _days_as_text(connection: Any, _record: Any) -> None:
    """PostgreSQL has days that Python has not (``infinity``, the year 10000): the driver would refuse their whole
    page."""
    from psycopg.types.string import TextLoader

    for name in ("date", "timestamp", "timestamptz"):
        connection.adapters.register_loader(name, TextLoader)
