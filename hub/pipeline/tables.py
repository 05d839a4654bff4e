"""Where the projections stand on their topics: moved in the transaction of what it covers (P2)."""

from sqlalchemy import BigInteger, Column, Integer, String, Table

from hub.stores.tables import metadata

projection_offset = Table(
    "projection_offset",
    metadata,
    Column("group", String(64), primary_key=True),
    Column("topic", String(128), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next", BigInteger, nullable=False),
)
