"""What all tables share, and the tables of this room. Every room has its own ``tables.py``.

Times are milliseconds since the epoch, UTC; dates ISO text; ids 16 random or keyed bytes.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""How constraints and indexes are named, in every database of the hub: a migration finds them by name."""

metadata = MetaData(naming_convention=NAMES)
"""The tables of the store. The vault's are in ``hub.privacy.tables``."""


class Opaque(LargeBinary):
    """Bytes as the drivers use them: without SQLAlchemy's conversion of each value, which is slow for many ids."""

    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> None:
        """No conversion of parameters."""

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """No conversion of results."""


ID = Opaque(16)
# SQLite assigns row ids for INTEGER only. On PostgreSQL, 2^31 outbox rows would not be enough.
SEQUENCE = BigInteger().with_variant(Integer, "sqlite")
# PostgreSQL would otherwise compare by the machine's language, and hubs could disagree on which version counts.
CODE = String(64).with_variant(String(64, collation="C"), "postgresql")

# What relay has yet to publish; the newest row stays, so that the highest number is always known.
outbox = Table(
    "outbox",
    metadata,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    Column("topic", String(128), nullable=False),
    Column("key", Opaque, nullable=False),
    Column("value", Opaque, nullable=False),
    Column("headers", Text, nullable=False, doc="JSON object of text"),
    Column("timestamp_ms", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

# What relay had published when it last deleted rows of the outbox, in that transaction.
outbox_published = Table(
    "outbox_published",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False, doc="the highest published number"),
    Column("total", BigInteger, nullable=False, doc="the number of messages published so far"),
)


def floor(name: str, tables: MetaData) -> Table:
    """A table with one row: the oldest revision whose hub may still use these tables. A migration that removes
    something raises it."""
    return Table(
        name,
        tables,
        Column("one", Integer, primary_key=True, autoincrement=False),
        Column("revision", String(32), nullable=False),
    )


schema_floor = floor("schema_floor", metadata)
