"""The tables of connection applications: projections of their events. Only ``hub.cases`` writes them.

No personal value is in any of them (P5): what a person wrote is sealed under their key.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, false

from hub.stores.tables import ID, Opaque, metadata

application = Table(
    "application",
    metadata,
    Column("application_id", ID, primary_key=True),
    Column("number", Integer, nullable=False, doc="events so far; the next one is this plus one"),
    Column("channel", String(64), nullable=False),
    Column("customer_class", String(16), nullable=False),
    Column("voltage", String(16), nullable=False),
    Column("applicant_id", ID, nullable=False, doc="subject that the body is sealed for"),
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
    Column("application_id", ID, ForeignKey("application.application_id"), primary_key=True),
    Column("kind", String(64), primary_key=True, doc="evidence still wanted or met"),
    Column("wanted_by", String(16), nullable=False, doc="uscc, resident-id, unit-no, address"),
    Column("wanted_id", ID, doc="a record that answers is linked to this id; null: nothing can be found by it"),
    Column("state", String(16), nullable=False, doc="open, met"),
    Column("record_id", ID, doc="the record that met it; while open, one that was withdrawn and will not do"),
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
    Column("application_id", ID, ForeignKey("application.application_id"), primary_key=True),
    Column("piece", Integer, primary_key=True, doc="0 is the registration"),
    Column("kind", String(64), nullable=False, doc="registration, or the evidence's kind"),
    Column("key", String(32), nullable=False, doc="idempotency key, hex"),
    Column("record_id", ID),
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
