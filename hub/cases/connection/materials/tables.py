"""The tables of materials: projections of their events. No personal value and no words of a caller are in them (P5)."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table, Text

from hub.stores.tables import ID, Opaque, metadata

document = Table(
    "document",
    metadata,
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False, doc="of the event in its case"),
    Column("material", String(64), nullable=False, doc="name in the policy's list"),
    Column("sealed", Opaque, nullable=False, doc="reference and digest, under the key of the case's subject"),
    Column("handed_ms", BigInteger, nullable=False, doc="when the hub was told, business time"),
)

request = Table(
    "material_request",
    metadata,
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False, doc="of the event in its case"),
    Column("segment", String(32), nullable=False),
    Column("code", String(32), nullable=False, doc="empty for a one-time notice; otherwise why it was refused"),
    Column("items", Text, nullable=False, doc="JSON: [material, defect] of a notice; names of what is never asked for"),
    Column("sealed", Opaque, doc="the names that were asked for, in the caller's words"),
    Column("asked_ms", BigInteger, nullable=False, doc="business time"),
    Column("client", String(64), nullable=False, doc="of the token; of the connection system its connector"),
    Column("channel", String(64), nullable=False),
    Column("request_id", ID, doc="opaque id of a request of the connection system, or of its step"),
    Column("content_id", ID, doc="opaque id of what it asked"),
    Column("answers", Text, doc="JSON: for each material that was named, empty or why it may not be asked for"),
)
