"""The tables of findings about sites and of every answer: projections of their events. They have codes; a person's name
is sealed (P5)."""

from sqlalchemy import BigInteger, Column, ForeignKey, ForeignKeyConstraint, Integer, String, Table

from hub.stores.tables import ID, Opaque, metadata

place = Table(
    "place",
    metadata,
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True),
    Column("nth", Integer, primary_key=True, autoincrement=False, doc="counts the findings of the case from 1"),
    Column("record_id", ID, doc="the title that was compared; null where the question is about none"),
    Column("reading", Integer, nullable=False),
    Column("verdict", String(16), nullable=False, doc="SAME, DIFFERENT or ASK"),
    Column("compared_by", String(16), nullable=False, doc="unit_no or address; empty where nothing was compared"),
    Column("parts", String(255), nullable=False, doc="comma-separated: what differs, or must be looked at"),
    Column("question", String(32), nullable=False, doc="what a person is asked; empty for nothing"),
    Column("placed_ms", BigInteger, nullable=False),
    Column("answer", String(16), doc="the last one: YES, NO or UNKNOWN; null until a person answers"),
    Column("answered_ms", BigInteger),
    Column("sealed", Opaque, doc="who answered, and a note, under the key of the case's subject"),
)

place_answer = Table(
    "place_answer",
    metadata,
    Column("case_id", ID, primary_key=True),
    Column("nth", Integer, primary_key=True, autoincrement=False, doc="the finding that was asked about"),
    Column("number", Integer, primary_key=True, autoincrement=False, doc="counts its answers from 1"),
    Column("answer", String(16), nullable=False, doc="YES, NO or UNKNOWN"),
    Column("answered_ms", BigInteger, nullable=False),
    Column("sealed", Opaque, nullable=False, doc="who answered, and a note, under the key of the case's subject"),
    ForeignKeyConstraint(["case_id", "nth"], ["place.case_id", "place.nth"]),
)
