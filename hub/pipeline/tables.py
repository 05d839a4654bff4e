"""The offsets of the projections on their topics. They move in the transaction of the records before them (P2)."""

from sqlalchemy import BigInteger, Column, Integer, String, Table

from hub.stores.tables import ID, metadata

projection_offset = Table(
    "projection_offset",
    metadata,
    Column("group", String(64), primary_key=True),
    Column("topic", String(128), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next", BigInteger, nullable=False),
    Column("marked", BigInteger, doc="the position that ``mark`` belongs to"),
    Column("mark", ID, doc="hub.topics.cursors.mark_of the record before ``marked``"),
)
