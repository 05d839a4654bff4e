"""The evidence that cases wait for: a projection of their events."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table

from hub.stores.tables import ID, metadata

need = Table(
    "need",
    metadata,
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True),
    Column("kind", String(64), primary_key=True, doc="evidence still wanted or met"),
    Column("wanted_by", String(16), nullable=False, doc="uscc, resident-id, unit-no, address"),
    Column("wanted_id", ID, doc="a record that matches is linked to this id; null: none can be found"),
    Column("state", String(16), nullable=False, doc="open, met, cancelled"),
    Column("record_id", ID, doc="the record that met it; while open, one that was withdrawn and does not match"),
    Column("reading", Integer, doc="the reading of that record"),
    Column("reason", String(64), nullable=False, doc="code of hub.cases.reasons"),
    Column("attempt", Integer, nullable=False),
    Column("next_ask_ms", BigInteger, nullable=False, doc="process time"),
    Column("answers", Integer, doc="questions that a source answered, other than by being away"),
    Index("ix_need_wanted_id", "wanted_id"),
    Index("ix_need_due", "state", "next_ask_ms"),
)
