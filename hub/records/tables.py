"""The tables of records: projections of the topics. ``hub rebuild`` makes the same rows again.

They contain no personal value (P5): ids are opaque, all other columns are open fields.
"""

from sqlalchemy import BigInteger, Column, Integer, String, Table

from hub.stores.tables import CODE, ID, metadata

record = Table(
    "record",
    metadata,
    Column("record_id", ID, primary_key=True, doc="keyed hash of authority, source row and version"),
    Column("kind", String(64), nullable=False),
    Column("source", String(64), nullable=False, doc="connector"),
    Column("row_id", ID, doc="all versions of one row of the authority; null for what could not be read"),
    Column("entity_id", ID, doc="the licence, property unit or project; null for what could not be read"),
    Column("version", BigInteger, nullable=False),
    Column("operation", String(16), nullable=False, doc="UPSERT, DELETE"),
    Column("authority", CODE, nullable=False),
    Column("status", String(16), nullable=False),
    Column("assurance", String(32), nullable=False),
    Column("issued_month", Integer, doc="yyyymm"),
    Column("valid_until_year", Integer, doc="null: long-term, or not of this kind"),
    Column("state", String(16), nullable=False, doc="verified, rejected; verified wins in any order"),
    Column("topic", String(128), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("judged_ms", BigInteger, nullable=False),
    Column("seen", Integer, nullable=False, doc="verdicts on this id; more than one: it was received again"),
    sqlite_with_rowid=False,
)

record_link = Table(
    "record_link",
    metadata,
    Column(
        "link_id",
        ID,
        primary_key=True,
        doc="opaque id that the record can be found by: unit, address, title, enterprise",
    ),
    Column("record_id", ID, primary_key=True),
    Column("row_id", ID, nullable=False),
    sqlite_with_rowid=False,
)

current = Table(
    "current",
    metadata,
    Column("row_id", ID, primary_key=True),
    Column("entity_id", ID, nullable=False, index=True),
    Column(
        "record_id",
        ID,
        nullable=False,
        doc="the current version: highest (version, authority), in any order of arrival",
    ),
    Column("kind", String(64), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("authority", CODE, nullable=False),
    Column("status", String(16), nullable=False),
    Column("operation", String(16), nullable=False),
    sqlite_with_rowid=False,
)

# The conservation line: received = verified + rejected + duplicate + pending.
tally = Table(
    "tally",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("kind", String(64), primary_key=True),
    Column("received", BigInteger, nullable=False, server_default="0"),
    Column("looked_up", BigInteger, nullable=False, server_default="0", doc="of received: answers to look-ups"),
    Column("verified", BigInteger, nullable=False, server_default="0"),
    Column("rejected", BigInteger, nullable=False, server_default="0"),
    Column("duplicate", BigInteger, nullable=False, server_default="0"),
)

reason_tally = Table(
    "reason_tally",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("kind", String(64), primary_key=True),
    Column("code", String(64), primary_key=True),
    Column("verdicts", BigInteger, nullable=False, server_default="0"),
)
