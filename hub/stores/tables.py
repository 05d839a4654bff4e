"""The tables, as data. Most are projections: ``hub rebuild`` makes them again from the topics, row for row.

No personal value is in any of them (P5): ids are opaque, facts are open fields, what a person wrote is sealed for them.
Times are milliseconds since the epoch, UTC; dates ISO text; ids 16 random or keyed bytes.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Opaque(LargeBinary):
    """Bytes, as the drivers give and take them: no conversion a value, which a bulk of ids would pay for."""

    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> None:  # noqa: ARG002
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> None:  # noqa: ARG002
        return None


_Id = Opaque(16)
# SQLite hands out row ids only for INTEGER; elsewhere 2^31 outbox rows would not be enough.
_Sequence = BigInteger().with_variant(Integer, "sqlite")
# PostgreSQL would otherwise compare by the machine's language, and hubs could disagree on which version counts.
_Code = String(64).with_variant(String(64, collation="C"), "postgresql")

# ---- projections of the records ------------------------------------------------------------------------------------

record = Table(
    "record",
    metadata,
    Column("record_id", _Id, primary_key=True, doc="keyed hash of authority, source row and version"),
    Column("kind", String(64), nullable=False),
    Column("source", String(64), nullable=False, doc="connector"),
    Column("row_id", _Id, doc="all versions of one row of the authority; null for what could not be read"),
    Column("entity_id", _Id, doc="the licence, property unit or project; null for what could not be read"),
    Column("version", BigInteger, nullable=False),
    Column("operation", String(16), nullable=False, doc="UPSERT, DELETE"),
    Column("authority", _Code, nullable=False),
    Column("status", String(16), nullable=False),
    Column("assurance", String(32), nullable=False),
    Column("issued_month", Integer, doc="yyyymm"),
    Column("valid_until_year", Integer, doc="null: long-term, or not of this kind"),
    Column("state", String(16), nullable=False, doc="verified, rejected; verified wins, whichever came first"),
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
        _Id,
        primary_key=True,
        doc="opaque id that the record can be found by: unit, address, title, enterprise",
    ),
    Column("record_id", _Id, primary_key=True),
    Column("row_id", _Id, nullable=False),
    sqlite_with_rowid=False,
)

current = Table(
    "current",
    metadata,
    Column("row_id", _Id, primary_key=True),
    Column("entity_id", _Id, nullable=False, index=True),
    Column(
        "record_id",
        _Id,
        nullable=False,
        doc="the version that counts: highest (version, authority), never the last to arrive",
    ),
    Column("kind", String(64), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("authority", _Code, nullable=False),
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

projection_offset = Table(
    "projection_offset",
    metadata,
    Column("group", String(64), primary_key=True),
    Column("topic", String(128), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next", BigInteger, nullable=False),
)

# ---- cases ---------------------------------------------------------------------------------------------------------

application = Table(
    "application",
    metadata,
    Column("application_id", _Id, primary_key=True),
    Column("number", Integer, nullable=False, doc="events so far; the next one is this plus one"),
    Column("channel", String(64), nullable=False),
    Column("customer_class", String(16), nullable=False),
    Column("voltage", String(16), nullable=False),
    Column("applicant_id", _Id, nullable=False, doc="subject that the body is sealed for"),
    Column("purpose", String(64), nullable=False),
    Column("legal_basis", String(512), nullable=False),
    Column("policy", String(64), nullable=False, doc="version of the limits that the case started under"),
    Column("case_type", String(32), nullable=False, doc="row of the policy's table"),
    Column("starred", Boolean, nullable=False, doc="design review and mid inspection apply"),
    Column("submitted_ms", BigInteger, nullable=False),
    Column("due_on", String(10), doc="null while the calendar of that year is not known"),
    Column("held", Boolean, nullable=False, server_default=false()),
    Column("pieces", Integer, nullable=False, doc="deliveries decided so far, registration included"),
    Column("sealed", Opaque, nullable=False, doc="the body as submitted, under the applicant's key"),
    Index("ix_application_submitted_ms", "submitted_ms", "application_id"),
)

application_need = Table(
    "application_need",
    metadata,
    Column("application_id", _Id, ForeignKey("application.application_id"), primary_key=True),
    Column("kind", String(64), primary_key=True, doc="evidence still wanted or met"),
    Column("wanted_by", String(16), nullable=False, doc="uscc, resident-id, unit-no, address"),
    Column("wanted_id", _Id, doc="a record that answers is linked to this id; null: nothing can be found by it"),
    Column("state", String(16), nullable=False, doc="open, met"),
    Column("record_id", _Id, doc="the record that met it; while open, one that was withdrawn and will not do"),
    Column("piece", Integer),
    Column("reason", String(64), nullable=False, doc="code of hub.cases.reasons; what a person reads is made from it"),
    Column("attempt", Integer, nullable=False),
    Column("next_ask_ms", BigInteger, nullable=False),
    Index("ix_application_need_wanted_id", "wanted_id"),
    Index("ix_application_need_due", "state", "next_ask_ms"),
)

delivery = Table(
    "delivery",
    metadata,
    Column("application_id", _Id, ForeignKey("application.application_id"), primary_key=True),
    Column("piece", Integer, primary_key=True, doc="0 is the registration"),
    Column("kind", String(64), nullable=False, doc="registration, or the evidence's kind"),
    Column("key", String(32), nullable=False, doc="idempotency key, hex"),
    Column("record_id", _Id),
    Column("topic", String(128)),
    Column("partition", Integer),
    Column("offset", BigInteger),
    Column("holder_relation", String(16), nullable=False, doc="SELF, CO_OWNER, OTHER; NONE for the registration"),
    Column("decided_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger, doc="acknowledged, refused, withdrawn or stopped"),
    Column("state", String(16), nullable=False, doc="pending, in_flight, acknowledged, refused, stopped, withdrawn"),
    Column("receipt", String(128)),
    Column("receipt_at", String(40)),
    Column("reason", String(64), doc="why refused, stopped or withdrawn: the sink's code or ours"),
    Column(
        "sealed_reason",
        LargeBinary,
        doc="the sink's own words, under the applicant's key: they may name the customer",
    ),
    Column(
        "attempts",
        Integer,
        nullable=False,
        server_default="0",
        doc="above 0: an earlier one may have taken effect, ask first",
    ),
    Column("next_attempt_ms", BigInteger, nullable=False, server_default="0"),
    Column("claimed_by", String(128)),
    Column("lease_until_ms", BigInteger, nullable=False, server_default="0"),
    Index("ix_delivery_due", "state", "next_attempt_ms"),
    Index("ix_delivery_ended_ms", "ended_ms"),
)

# ---- not projections -----------------------------------------------------------------------------------------------

# What relay has yet to publish; the newest row stays, so that the highest number is always known.
outbox = Table(
    "outbox",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("topic", String(128), nullable=False),
    Column("key", Opaque, nullable=False),
    Column("value", Opaque, nullable=False),
    Column("headers", Text, nullable=False, doc="JSON object of text"),
    Column("timestamp_ms", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

token = Table(
    "token",
    metadata,
    Column("token_id", String(16), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("hash", Opaque(32), nullable=False, doc="SHA-256 of a 256-bit random secret"),
    Column("scopes", String(256), nullable=False, doc="space-separated"),
    Column("created_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
)

# What every process's stages last said of themselves (hub.pipeline.status).
stage_status = Table(
    "stage_status",
    metadata,
    Column("worker", String(128), primary_key=True, doc="instance, and the worker's number where there are several"),
    Column("stage", String(64), primary_key=True),
    Column("state", String(16), nullable=False, doc="RUNNING, RESTARTING, STALE, STOPPED"),
    Column("records", BigInteger, nullable=False, doc="since the process began"),
    Column("failures", Integer, nullable=False, doc="in a row"),
    Column("trouble", Text, nullable=False),
    Column("last_step_ms", BigInteger, nullable=False, doc="last step that worked"),
    Column("reported_ms", BigInteger, nullable=False),
)

# The oldest revision whose hub may still run on these tables: a migration that takes something away raises it.
schema_floor = Table(
    "schema_floor",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("revision", String(32), nullable=False),
)

PROJECTIONS: tuple[Table, ...] = (
    record,
    record_link,
    current,
    tally,
    reason_tally,
    application,
    application_need,
    delivery,
)
"""What rebuild makes again and compares, parents before children."""

VOLATILE: dict[str, frozenset[str]] = {
    "delivery": frozenset({"attempts", "next_attempt_ms", "claimed_by", "lease_until_ms"}),
}
"""Columns that steer the next attempt and say nothing about what happened: not on a topic, not compared."""
