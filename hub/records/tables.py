"""The tables of records: projections of the topics. ``hub rebuild`` makes the same rows again.

They contain no personal value (P5): ids are opaque, all other columns are open fields.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table

from hub.stores.tables import CODE, ID, Opaque, metadata

record = Table(
    "record",
    metadata,
    Column("record_id", ID, primary_key=True, doc="version, and keyed hash of row, version, revision and content"),
    Column("kind", String(64), nullable=False),
    Column("source", String(64), nullable=False, doc="connector"),
    Column("row_id", ID, nullable=False, doc="all versions of one row of the source or its authority"),
    Column("entity_id", ID, doc="the licence, property unit or project; null for what could not be read"),
    Column("version", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False, doc="the source's own order between contents of one version"),
    Column("reading", Integer, nullable=False, doc="the highest reading; -1: no seal of it could be checked"),
    Column("nth", Integer, doc="place among the contents of its version, by record id, from 0; null: reading is -1"),
    Column("operation", String(16), nullable=False, doc="UPSERT, DELETE"),
    Column("authority", CODE, nullable=False),
    Column("status", String(16), nullable=False),
    Column("assurance", String(32), nullable=False),
    Column("mapping", Opaque(8), doc="digest of the mapping that gave this reading; null for what could not be read"),
    Column("issued_month", Integer, doc="yyyymm"),
    Column("valid_until_year", Integer, doc="null: long-term, or not of this kind"),
    Column("state", String(16), nullable=False, doc="verified, rejected; verified wins in any order"),
    Column("topic", String(128), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("judged_ms", BigInteger, nullable=False),
    Column("read_at_ms", BigInteger, nullable=False, doc="when this content was last read from the source"),
    Column("seen", Integer, nullable=False, doc="verdicts; more than one: it was received again"),
    # When two processes write contents of one version at once, the second one sees the first or must start again.
    Index("ux_record_nth", "row_id", "version", "nth", unique=True),
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
    Column("record_id", ID, primary_key=True, index=True),
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
        doc="the current version: highest (version, revision, read_at_ms, authority, reading), in any order of arrival",
    ),
    Column("kind", String(64), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("read_at_ms", BigInteger, nullable=False),
    Column("reading", Integer, nullable=False),
    Column("authority", CODE, nullable=False),
    Column("status", String(16), nullable=False),
    Column("operation", String(16), nullable=False),
    sqlite_with_rowid=False,
)

# Records that wait until one about the same thing is verified: one row for each message of records.waiting whose record
# has not come back to verify.
waiting = Table(
    "waiting",
    metadata,
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True, doc="place on records.waiting"),
    Column("record_id", ID, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("source", String(64), nullable=False, doc="connector"),
    Column("entity_id", ID, nullable=False, index=True, doc="what both are about: a sub-project, or the whole project"),
    Column("waits_for", String(64), nullable=False, doc="kind of the record that must be verified first"),
    Column("since_ms", BigInteger, nullable=False),
    Column("released", Boolean, nullable=False, doc="that record is verified, and this one is on its way"),
    sqlite_with_rowid=False,
)

RANK = ("version", "revision", "read_at_ms", "authority", "reading", "record_id")
"""The current record of a row is its highest verified one, compared by these columns in this order."""

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
    Column("readings", BigInteger, nullable=False, server_default="0", doc="mapped again: not part of received"),
    Column("revised", BigInteger, nullable=False, server_default="0", doc="further contents of one version"),
)

reason_tally = Table(
    "reason_tally",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("kind", String(64), primary_key=True),
    Column("code", String(64), primary_key=True),
    Column("verdicts", BigInteger, nullable=False, server_default="0"),
)
