"""Many rows in one statement: arrays and COPY on PostgreSQL, the driver's own loop on SQLite.

All rows of a call have the same columns. Values are types that the driver takes without conversion: bytes, str, int,
float, bool, ``None``; results are the driver's own values. Every function runs in the caller's transaction.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    LargeBinary,
    Select,
    Table,
    bindparam,
    func,
    insert,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import BigInteger, Text, TypeEngine

Rows = Sequence[Mapping[str, Any]]
Change = Callable[[Any], Any]
"""From what the statement would have inserted (``excluded``) to an expression."""

# SQLite allows 32,766 variables in a statement.
_CHUNK = 5_000
_NONE: Mapping[str, Change] = MappingProxyType({})


def force_index(connection: Connection) -> None:
    """Make PostgreSQL read by index until the end of the transaction, also where a table looks small.

    Otherwise a plan that was made for an empty table still reads the whole table when it has millions of rows. Call it
    before look-ups by key, not before reports. On SQLite it does nothing."""
    if _arrays(connection):
        connection.exec_driver_sql("SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)")


def find(
    connection: Connection, columns: Sequence[Column[Any]], key: Column[Any], wanted: Sequence[Any], lock: bool = False
) -> list[Any]:
    """Rows of ``columns`` whose ``key`` is one of ``wanted``, in any order. With ``lock`` they are locked until the
    transaction ends, in the order of the key, so that two transactions that want the same rows do not block each
    other."""
    if not wanted:
        return []
    if _arrays(connection):
        return list(connection.exec_driver_sql(_any(connection, columns, key, lock), (list(wanted),)))
    query = select(*columns).where(key.in_(bindparam("wanted", expanding=True)))
    starts = range(0, len(wanted), _CHUNK)
    chunks = (connection.execute(query, {"wanted": list(wanted[start : start + _CHUNK])}) for start in starts)
    return [row for chunk in chunks for row in chunk]


def find_pairs(
    connection: Connection,
    columns: Sequence[Column[Any]],
    keys: tuple[Column[Any], Column[Any]],
    wanted: Sequence[tuple[Any, Any]],
) -> list[Any]:
    """Like ``find``, by two keys: rows whose pair of ``keys`` is one of ``wanted``, in any order. They are locked until
    the transaction ends, in the order of ``wanted``."""
    if not wanted:
        return []
    if _arrays(connection):
        statement = _any_pair(connection, columns, keys)
        return list(connection.exec_driver_sql(statement, tuple(map(list, zip(*wanted, strict=True)))))
    query = select(*columns).where(tuple_(*keys).in_(bindparam("wanted", expanding=True)))
    starts = range(0, len(wanted), _CHUNK)
    chunks = (connection.execute(query, {"wanted": list(wanted[start : start + _CHUNK])}) for start in starts)
    return [row for chunk in chunks for row in chunk]


def add(connection: Connection, table: Table, columns: Mapping[str, Sequence[Any]]) -> int:
    """Insert rows, given column by column; a row that exists already, by any unique key, is skipped. Returns how many
    were inserted.

    Processes that add the same rows must give them in the same order, otherwise they can block each other (deadlock).
    """
    if not next(iter(columns.values())):
        return 0
    statement = _add(connection.dialect.name, table, tuple(columns))
    if _arrays(connection):
        return connection.exec_driver_sql(statement, {name: list(values) for name, values in columns.items()}).rowcount
    return connection.exec_driver_sql(statement, list(zip(*columns.values(), strict=True))).rowcount


def add_selected(connection: Connection, table: Table, names: Sequence[str], rows: Select[Any]) -> int:
    """Like ``add``, for the rows of a query. Its columns are those of ``names``, in that order."""
    dialect = postgresql if _arrays(connection) else sqlite
    # Without a WHERE in the query, SQLite would parse ON CONFLICT as the condition of a join.
    statement = dialect.insert(table).from_select(list(names), rows.where(text("true"))).on_conflict_do_nothing()
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount


def insert_new(connection: Connection, table: Table, rows: Rows) -> None:
    """Insert new rows; by COPY on PostgreSQL. Raises ``IntegrityError`` when one of them exists already."""
    if not rows:
        return
    names = _names(table, rows[0])
    values = map(itemgetter(*names), rows) if len(names) > 1 else ((row[names[0]],) for row in rows)
    if not _arrays(connection):
        connection.exec_driver_sql(_insert(table, names), list(values))
        return
    with _driver(connection) as driver, driver.cursor().copy(_copy(connection, table, names)) as copy:
        copy.set_types([_COPIED[_sort(table.c[name])] for name in names])
        for row in values:
            copy.write_row(row)


def upsert(
    connection: Connection, table: Table, rows: Rows, changes: Mapping[str, Change] = _NONE, where: Change | None = None
) -> None:
    """Insert ``rows``; where the primary key exists already, set the other columns. No two rows may have the same key.

    ``changes`` gives, for columns that are not simply overwritten, the expression to set; ``where`` says which existing
    rows are changed. Both must be functions of a module, so that the statement is compiled once, and may use columns
    only, no values."""
    if not rows:
        return
    names = _names(table, rows[0])
    statement = _upsert(connection.dialect.name, table, names, tuple(changes.items()), where)
    if _arrays(connection):
        connection.exec_driver_sql(statement, {name: [row[name] for row in rows] for name in names})
    else:
        connection.exec_driver_sql(statement, [tuple(row[name] for name in names) for row in rows])


# ---- statements ----------------------------------------------------------------------------------------------------

_SORTS: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (LargeBinary, "bytes"),
    (Boolean, "boolean"),
    (BigInteger, "long"),
    (Integer, "integer"),
    (Float, "float"),
)
_COPIED = {"bytes": "bytea", "boolean": "bool", "long": "int8", "integer": "int4", "float": "float8", "text": "text"}
# Without lengths: a cast to varchar(n) would cut what the column refuses.
_ELEMENTS: Mapping[str, TypeEngine[Any]] = {
    "bytes": postgresql.BYTEA(),
    "boolean": Boolean(),
    "long": BigInteger(),
    "integer": Integer(),
    "float": postgresql.DOUBLE_PRECISION(),
    "text": Text(),
}


def _sort(column: Column[Any]) -> str:
    return next((sort for kind, sort in _SORTS if isinstance(column.type, kind)), "text")


def _names(table: Table, row: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns of a row, in the order of the table: SQLAlchemy writes statements in that order."""
    return tuple(column.name for column in table.columns if column.name in row)


def _arrays(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


@lru_cache(maxsize=256)
def _add(dialect: str, table: Table, names: tuple[str, ...]) -> str:
    if dialect == "postgresql":
        return _compiled(_from_arrays(table, names).on_conflict_do_nothing(), names)
    return _positional(sqlite.insert(table).on_conflict_do_nothing(), names)


@lru_cache(maxsize=256)
def _insert(table: Table, names: tuple[str, ...]) -> str:
    return _positional(insert(table), names)


@lru_cache(maxsize=256)
def _upsert(
    dialect: str, table: Table, names: tuple[str, ...], changes: tuple[tuple[str, Change], ...], where: Change | None
) -> str:
    statement: Any = _from_arrays(table, names) if dialect == "postgresql" else sqlite.insert(table)
    keys = [column.name for column in table.primary_key]
    values = {name: statement.excluded[name] for name in names if name not in keys}
    values |= {name: make(statement.excluded) for name, make in changes}
    condition = where(statement.excluded) if where else None
    statement = statement.on_conflict_do_update(index_elements=keys, set_=values, where=condition)
    return _compiled(statement, names) if dialect == "postgresql" else _positional(statement, names)


def _from_arrays(table: Table, names: Sequence[str]) -> Any:
    """INSERT of as many rows as the arrays have elements; one array a column, under the column's name."""
    arrays = [bindparam(name, type_=ARRAY(_ELEMENTS[_sort(table.c[name])]), unique=False) for name in names]
    rows = func.unnest(*arrays).table_valued(*names, name="given").render_derived()
    return postgresql.insert(table).from_select(list(names), select(*(rows.c[name] for name in names)))


def _compiled(statement: Any, names: Sequence[str]) -> str:
    """The SQL text for psycopg, with arrays in binary form: this takes a fifth of the time of the text form."""
    said = str(statement.compile(dialect=postgresql.psycopg.dialect()))  # type: ignore[no-untyped-call]
    for name in names:
        said = re.sub(rf"%\({re.escape(name)}\)s", f"%({name})b", said)
    return said


def _positional(statement: Any, names: Sequence[str]) -> str:
    compiled = statement.compile(dialect=sqlite.dialect(), column_keys=list(names))
    assert tuple(compiled.positiontup) == tuple(names)
    return str(compiled)


def _any(connection: Connection, columns: Sequence[Column[Any]], key: Column[Any], lock: bool) -> str:
    quote = connection.dialect.identifier_preparer.quote
    wanted = ", ".join(quote(column.name) for column in columns)
    locked = f" ORDER BY {quote(key.name)} FOR UPDATE" if lock else ""
    return f"SELECT {wanted} FROM {quote(key.table.name)} WHERE {quote(key.name)} = ANY(%b){locked}"  # noqa: S608


def _any_pair(connection: Connection, columns: Sequence[Column[Any]], keys: tuple[Column[Any], Column[Any]]) -> str:
    quote = connection.dialect.identifier_preparer.quote
    wanted = ", ".join(quote(column.name) for column in columns)
    pair = " AND ".join(f"{quote(key.name)} = given.{name}" for key, name in zip(keys, "ab", strict=True))
    arrays = ", ".join(f"%b::{_COPIED[_sort(key)]}[]" for key in keys)
    # OFFSET 0 keeps the planner from joining whole tables: each pair is looked up by itself.
    one = f"SELECT {wanted} FROM {quote(keys[0].table.name)} WHERE {pair} OFFSET 0 FOR UPDATE"  # noqa: S608
    return f"SELECT found.* FROM unnest({arrays}) AS given(a, b) CROSS JOIN LATERAL ({one}) AS found"  # noqa: S608


def _copy(connection: Connection, table: Table, names: Sequence[str]) -> str:
    quote = connection.dialect.identifier_preparer.quote
    return f"COPY {quote(table.name)} ({', '.join(map(quote, names))}) FROM STDIN (FORMAT BINARY)"


@contextmanager
def _driver(connection: Connection) -> Iterator[Any]:
    """psycopg's own connection, for what SQLAlchemy cannot say. Its errors are raised as SQLAlchemy's."""
    import psycopg

    driver = connection.connection.driver_connection
    try:
        yield driver
    except psycopg.Error as error:
        lost = connection.dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type]
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            None, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=lost,
            dialect=connection.dialect,
        ) from error  # fmt: skip
