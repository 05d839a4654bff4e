"""What the hub remembers of its connectors: rows seen, operators' orders, progress, the day's quota. Tables on the
``Store`` port.

None of it is a projection: losing it costs duplicates, which later stages drop, and a pause that has to be ordered
again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import postgresql, sqlite

from hub.ports import Store

metadata = MetaData()
source_row = Table(
    "source_row",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("row_key", LargeBinary(16), primary_key=True, comment="keyed hash of the row's key"),
    Column("digest", LargeBinary(16), nullable=False, comment="keyed hash of what the row says"),
    Column("version", BigInteger, nullable=False),
    Column("present", Boolean, nullable=False, comment="false: the source took it back"),
    Column("row_id", LargeBinary(16), comment="id of the row among the records; null: never readable"),
    Column("record_id", LargeBinary(16), comment="the last version that could be read"),
    Index("ix_source_row_version", "source", "version"),
    sqlite_with_rowid=False,
)
connector_control = Table(
    "connector_control",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("wanted", String(16), nullable=False, comment="RUNNING, PAUSED, STOPPED"),
    Column("restart_token", Integer, nullable=False, comment="grows with every restart that was asked for"),
    Column("cursor", Text, comment="JSON: where the feed is to go on when it next starts; null: where it stood"),
)
connector_status = Table(
    "connector_status",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("worker", String(128), nullable=False),
    Column("reported_ms", BigInteger, nullable=False),
    Column("fetched_ms", BigInteger, nullable=False, comment="last fetch that worked; 0: none yet"),
    Column("rows_ms", BigInteger, nullable=False, comment="last fetch that brought something new"),
    Column("rows", BigInteger, nullable=False, comment="since this worker took the source over"),
    Column("behind_ms", BigInteger, nullable=False, comment="since when the source has had more; 0: nothing waits"),
    Column("failures", Integer, nullable=False, comment="in a row"),
    Column("trouble", Text, nullable=False),
    Column("trace", Text, nullable=False),
    Column("circuit", String(16), nullable=False),
    Column("quota_left", Integer, comment="null: no quota"),
    Column("wait_s", Float, nullable=False, comment="until the next attempt"),
)
connector_quota = Table(
    "connector_quota",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("used", Integer, nullable=False),
)


def prepare(store: Store) -> None:
    """Make the tables that are missing. Safe to run again and by several at once."""
    with store.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7041177)")
        metadata.create_all(connection)


def upsert(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], changes: Mapping[str, Any] | None = None
) -> None:
    """Insert ``rows``, or where the primary key is there already set the other columns; ``changes`` says how, if not
    plainly."""
    if not rows:
        return
    maker = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement: Any = maker(table)
    keys = [column.name for column in table.primary_key]
    plain = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    given = {name: make(statement.excluded) for name, make in (changes or {}).items()}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=plain | given), list(rows))
