"""The tickets of cases: a projection of their events."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table

from hub.stores.tables import ID, Opaque, metadata

ticket = Table(
    "ticket",
    metadata,
    Column("ticket_id", ID, primary_key=True, doc="opaque, by its serial number: one case can use it, and no other"),
    Column("case_id", ID, ForeignKey("case.case_id"), nullable=False),
    Column("mode", String(16), nullable=False, doc="FACE_RESULT, FACE_PLAINTEXT, COUNTER"),
    Column("person", String(16), nullable=False, doc="who was checked: APPLICANT, AGENT"),
    Column("until_ms", BigInteger, nullable=False, doc="process time"),
    Column("sealed", Opaque, nullable=False, doc="the ticket, under the key of the case's subject"),
    Index("ix_ticket_case_id", "case_id"),
)
