"""The table for the next attempts of pieces: claims, leases, back-off. It is no projection: it does not say what
happened.

Only pending pieces have a row. It is added with the decision and deleted with the outcome. A pending piece without a
row counts as tried: the row was lost, or the tables were rebuilt.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from hub.stores.tables import ID, Opaque, metadata

attempt = Table(
    "attempt",
    metadata,
    Column("case_id", ID, primary_key=True),
    Column("piece", Integer, primary_key=True),
    Column("sink", String(64), nullable=False),
    Column("attempts", Integer, nullable=False, doc="above 0: an earlier one may have taken effect, call Sink.find"),
    Column("next_attempt_ms", BigInteger, doc="process time; null: the piece that it comes after is not acknowledged"),
    Column("claimed_by", String(128), doc="instance; null: free"),
    Column("lease_until_ms", BigInteger, nullable=False, doc="process time; the claim ends then"),
    Column("trouble", String(256), doc="why the last attempt did not end it, in the hub's words"),
    Column("remedy", Text, doc="what a person can do about it"),
    Column("trouble_ms", BigInteger, doc="process time of that attempt"),
    Column(
        "settle_until_ms",
        BigInteger,
        doc="process time; until then an earlier push may take effect; null: no one wrote down how the last call ended",
    ),
    Column("unconfirmed", Integer, doc="pushes that were answered by neither yes nor no"),
    Index("ix_attempt_due", "sink", "next_attempt_ms"),
)

sink_trouble = Table(
    "sink_trouble",
    metadata,
    Column("sink", String(64), primary_key=True),
    Column("trouble", Text, nullable=False, doc="of its last delivery that failed; it stays when that is over"),
    Column("remedy", Text),
    Column("trouble_ms", BigInteger, nullable=False, doc="process time"),
    Column("case_id", ID, nullable=False, doc="the case of that delivery"),
)

licence_file = Table(
    "licence_file",
    metadata,
    Column("case_id", ID, primary_key=True),
    Column("record_id", ID, primary_key=True),
    Column("source", String(64), nullable=False, doc="connector that is asked for it"),
    Column("kind", String(64), nullable=False),
    Column("state", String(16), nullable=False, doc="wanted, stored, missing, erased"),
    Column("reason", String(64), doc="why it is missing"),
    Column("media_type", String(64), doc="by its bytes"),
    Column("size", Integer, doc="bytes"),
    Column("sealed_digest", Opaque, doc="its SHA-256, under the keys of the record's subjects"),
    Column("sealed", Opaque, doc="its bytes, under the same keys; null: missing or erased"),
    Column("told", Boolean, nullable=False, doc="it was settled before the evidence was sent, which says it all"),
    Column("wanted_ms", BigInteger, nullable=False, doc="process time of the decision"),
    Column("next_ms", BigInteger, nullable=False, doc="process time; the source is asked then"),
    Column("attempts", Integer, nullable=False),
    Column("stored_ms", BigInteger, doc="business time; its term begins"),
    Index("ix_licence_file_due", "state", "source", "next_ms"),
)
"""No projection: the bytes are nowhere else. It has nothing that the topics could give back."""
