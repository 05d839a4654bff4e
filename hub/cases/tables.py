"""The tables of every procedure's cases: projections of their events. Only ``hub.cases`` writes them.

No personal value is in any of them (P5): what a person or a sink said is sealed under the case's subject.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, false

from hub.stores.tables import ID, Opaque, metadata

case = Table(
    "case",
    metadata,
    Column("case_id", ID, primary_key=True),
    Column("procedure", String(32), nullable=False),
    Column("number", Integer, nullable=False, doc="events so far; the next one is this plus one"),
    Column("pieces", Integer, nullable=False, doc="pieces decided so far"),
    Column("held", Boolean, nullable=False, server_default=false(), doc="deliveries wait; the time limit continues"),
    Column("subject_id", ID, nullable=False, doc="the case's values are sealed under this subject's key"),
    Column("sinks", Text, nullable=False, doc="JSON: sink that existed when it opened → registering piece or null"),
    Column("opened_ms", BigInteger, nullable=False),
    Index("ix_case_opened_ms", "opened_ms", "case_id"),
    Index("ix_case_subject_id", "subject_id"),
)

piece = Table(
    "piece",
    metadata,
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True),
    Column("piece", Integer, primary_key=True),
    Column("sink", String(64), nullable=False, doc="connector that delivers it; fixed when it was decided"),
    Column("kind", String(64), nullable=False, doc="registration, or the record's kind"),
    Column("after", Integer, doc="the piece that must be acknowledged first"),
    Column("record_id", ID),
    Column("reading", Integer, nullable=False),
    Column("topic", String(128)),
    Column("partition", Integer),
    Column("offset", BigInteger),
    Column("holder_relation", String(16), nullable=False, doc="SELF, CO_OWNER, OTHER; NONE for a registration"),
    Column("decided_ms", BigInteger, nullable=False),
    Column("state", String(16), nullable=False, doc="pending, acknowledged, refused, stopped, withdrawn"),
    Column("ended_ms", BigInteger, doc="acknowledged, refused, stopped or withdrawn"),
    Column("reason", String(64), doc="why refused, stopped or withdrawn: the sink's code or one of hub.cases.reasons"),
    Column("sealed_reason", Opaque, doc="the sink's own words, under the subject's key: they may name the customer"),
    Column("sealed_receipt", Opaque, doc="the sink's number and time, under the subject's key"),
    Column("found", Boolean, nullable=False, server_default=false(), doc="Sink.find found that it had taken effect"),
    Index("ix_piece_state", "state", "sink"),
    Index("ix_piece_ended_ms", "ended_ms"),
)

notice = Table(
    "notice",
    metadata,
    Column("edition", Integer, primary_key=True, autoincrement=False, doc="counts the imports from 1"),
    Column("version", String(64), nullable=False),
    Column("year", Integer, nullable=False),
    Column("source", String(200), nullable=False, doc="the document that it comes from"),
    Column("digest", String(64), nullable=False, doc="SHA-256 of the file, hexadecimal"),
    Column("days_off", Text, nullable=False, doc="JSON: days"),
    Column("make_up_days", Text, nullable=False, doc="JSON: days of weekends on which people work"),
    Column("changed_from", String(10), doc="first day that it changed; null: it changed none"),
    Column("changed_to", String(10), doc="last day that it changed"),
    Column("imported_ms", BigInteger, nullable=False),
    Column("principal", String(128), nullable=False, doc="who imported it"),
)

# What the operator's own policy tables said when this hub first had them; it is of the installation, and on no topic.
policy_file = Table(
    "policy_file",
    metadata,
    Column("version", String(64), primary_key=True),
    Column("digest", String(64), nullable=False, doc="SHA-256 of what the file says, hexadecimal"),
)

TABLES = (case, piece, notice)
"""A table comes after those that it refers to."""
