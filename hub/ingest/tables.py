"""The tables of connectors: seen rows, rows that sources sent, operators' orders, reports, the day's quota.

They are no projections: if they are lost, rows come again as duplicates, which later stages drop, and operators must
repeat their orders.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from hub.stores.tables import ID, metadata

source_row = Table(
    "source_row",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("row_key", ID, primary_key=True, doc="keyed hash of the row's key"),
    Column("digest", ID, nullable=False, doc="keyed hash of the row's content"),
    Column("version", BigInteger, nullable=False),
    Column("present", Boolean, nullable=False, doc="false: the source deleted it"),
    Column("row_id", ID, doc="id of the row among the records; null: never readable"),
    Column("record_id", ID, doc="the last version that could be read"),
    Index("ix_source_row_version", "source", "version"),
    sqlite_with_rowid=False,
)
sent_row = Table(
    "sent_row",
    metadata,
    Column("record_id", ID, primary_key=True, doc="one content of a row that its source sent by itself"),
    Column("row_id", ID, nullable=False),
    Column("source", String(64), nullable=False, doc="connector"),
    Column("first", Boolean, doc="true for the content of the row that was sent first; null for any other"),
    Column("sent_ms", BigInteger, nullable=False, doc="when it was sent first"),
    Column("again", BigInteger, nullable=False, doc="how often it was sent again"),
    Index("ux_sent_row_first", "row_id", "first", unique=True),
    Index("ix_sent_row_source", "source"),
    sqlite_with_rowid=False,
)
connector_control = Table(
    "connector_control",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("wanted", String(16), nullable=False, doc="RUNNING, PAUSED, STOPPED"),
    Column("restart_token", Integer, nullable=False, doc="grows with every restart that was asked for"),
    Column("cursor", Text, doc="JSON: the cursor that the feed must start at next time; null: its own last one"),
)
connector_status = Table(
    "connector_status",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("worker", String(128), nullable=False),
    Column("reported_ms", BigInteger, nullable=False),
    Column("fetched_ms", BigInteger, nullable=False, doc="last fetch that worked; 0: none yet"),
    Column("rows_ms", BigInteger, nullable=False, doc="last fetch that brought something new"),
    Column("rows", BigInteger, nullable=False, doc="since this worker took the source over"),
    Column("behind_ms", BigInteger, nullable=False, doc="since when the source has had more; 0: nothing waits"),
    Column("failures", Integer, nullable=False, doc="in a row"),
    Column("trouble", Text, nullable=False),
    Column("trace", Text, nullable=False),
    Column("circuit", String(16), nullable=False),
    Column("quota_left", Integer, doc="null: no quota"),
    Column("wait_s", Float, nullable=False, doc="until the next attempt"),
    Column("last_trouble", Text, doc="the last one, also after it is over; null: none yet"),
    Column("last_trouble_ms", BigInteger, doc="when it was last reported"),
    Column("total", BigInteger, doc="rows that the source has; null: it does not say"),
    Column("done", BigInteger, doc="rows that were taken since ever; null: an older hub reported"),
    Column("rate_per_s", Float, doc="rows read in a second, of late; null: an older hub reported"),
)
connector_reload = Table(
    "connector_reload",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("token", Integer, nullable=False, doc="grows with every reload that was asked for"),
)
connector_loaded = Table(
    "connector_loaded",
    metadata,
    Column("worker", String(128), primary_key=True, doc="instance, and the worker's number where there are several"),
    Column("name", String(64), primary_key=True),
    Column("token", Integer, nullable=False, doc="the last reload that it has carried out"),
    Column("digest", String(16), nullable=False, doc="keyed digest of settings, grant and mapping in force"),
    Column("trouble", Text, nullable=False, doc="why the last reload changed nothing"),
    Column("reported_ms", BigInteger, nullable=False),
)
connector_quota = Table(
    "connector_quota",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("used", Integer, nullable=False),
)
grant_dropped = Table(
    "grant_dropped",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("path", String(200), primary_key=True, doc="column that the grant does not have"),
    Column("rows", BigInteger, nullable=False, doc="rows in which it was dropped"),
)
