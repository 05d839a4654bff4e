"""The offsets of the projections on their topics. They move in the transaction of the records before them (P2)."""

from sqlalchemy import BigInteger, Column, Integer, String, Table

from hub.stores.tables import ID, metadata

erased = Table(
    "erased",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("kind", String(64), primary_key=True),
    Column("records", BigInteger, nullable=False, doc="of received: no application used them, and their term is over"),
)
"""No projection: ``access.events`` has the same counts."""

erase_due = Table(
    "erase_due",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("next_ms", BigInteger, nullable=False, doc="when a hub looks again for unused records; process time"),
)

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
