"""The tables of ratings: projections of their events. What a customer wrote is sealed (P5)."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, String, Table

from hub.stores.tables import ID, Opaque, metadata

rating = Table(
    "rating",
    metadata,
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True, doc="one rating for each case"),
    Column("grade", Integer, nullable=False, doc="5 very satisfied … 1 very dissatisfied"),
    Column("rated_ms", BigInteger, nullable=False),
    Column("checked", Boolean, doc="the identity service checked the one who rated; null: as if not"),
    Column("sealed", Opaque, nullable=False, doc="grade and words as given, under the key of the case's subject"),
    Column("follow_up_due_on", String(10), index=True, doc="last day of the follow-up; null where none is needed"),
    Column("outcome", String(32), doc="how the follow-up ended; null while it runs"),
    Column("followed_up_ms", BigInteger),
    Column("sealed_note", Opaque, doc="what the one who called back wrote, under the same key"),
)

rating_refusal = Table(
    "rating_refusal",
    metadata,
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True),
    Column("number", Integer, primary_key=True, doc="of the event in its case"),
    Column("code", String(32), nullable=False, doc="RATING_NO_EVIDENCE, RATING_GIVEN"),
    Column("principal", String(128), nullable=False, doc="who tried it"),
    Column("refused_ms", BigInteger, nullable=False),
)
